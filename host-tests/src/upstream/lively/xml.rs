//! Feeds in their XML forms.

use std::fmt::Write as _;

use edgefold::time::Timestamp;

use super::timeline::Story;
use super::voices::Voice;

/// RSS 2.0, with Dublin Core authors and HTML in `content:encoded`.
pub(super) fn rss20(voice: &Voice, stories: &[Story], base: &str) -> String {
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
<title>{}</title>
<link>{}</link>
<description>{}</description>
<language>en</language>
<atom:link rel="self" href="{base}{}" type="application/rss+xml"/>
"#,
        text(voice.title),
        voice.site,
        text(voice.about),
        voice.path,
    );
    for story in stories {
        let _ = write!(
            xml,
            "<item>\n<title>{}</title>\n<link>{}?utm_source=rss</link>\n<guid isPermaLink=\"false\">{}-{}</guid>\n\
             <dc:creator>{}</dc:creator>\n<pubDate>{}</pubDate>\n<description>{}</description>\n\
             <content:encoded><![CDATA[<p>{}</p><p><a href=\"/about\">About us</a></p>]]></content:encoded>\n",
            text(&story.title),
            story.link,
            voice.id,
            story.number,
            text(&story.author),
            http_date(story.published),
            text(&story.summary),
            text(&story.summary),
        );
        for tag in &story.tags {
            let _ = writeln!(xml, "<category>{}</category>", text(tag));
        }
        let art = format!("{base}/art/{}/{}.svg", voice.id, story.number);
        let _ = write!(xml, "<media:thumbnail url=\"{art}\"/>\n</item>\n");
    }
    xml + "</channel>\n</rss>\n"
}

/// RSS 1.0 (RDF), as preprint servers serve it.
pub(super) fn rss10(voice: &Voice, stories: &[Story]) -> String {
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="{}">
<title>{}</title>
<link>{}</link>
<description>{}</description>
<items><rdf:Seq>
"#,
        voice.site,
        text(voice.title),
        voice.site,
        text(voice.about),
    );
    for story in stories {
        let _ = writeln!(xml, "<rdf:li rdf:resource=\"{}\"/>", story.link);
    }
    xml.push_str("</rdf:Seq></items>\n</channel>\n");
    for story in stories {
        let _ = write!(
            xml,
            "<item rdf:about=\"{0}\">\n<title>{1}</title>\n<link>{0}</link>\n<dc:creator>{2}</dc:creator>\n\
             <dc:date>{3}</dc:date>\n<dc:subject>{4}</dc:subject>\n<description>&lt;p&gt;{5}&lt;/p&gt;</description>\n</item>\n",
            story.link,
            text(&story.title),
            text(&story.author),
            story.published,
            text(&story.tags.join(" ")),
            text(&text(&story.summary)),
        );
    }
    xml + "</rdf:RDF>\n"
}

/// RSS 0.91: no dates, no guids.
pub(super) fn rss091(voice: &Voice, stories: &[Story]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"0.91\">\n<channel>\n<title>{}</title>\n<link>{}</link>\n\
         <description>{}</description>\n<language>en</language>\n",
        text(voice.title),
        voice.site,
        text(voice.about),
    );
    for story in stories {
        let _ = write!(
            xml,
            "<item>\n<title>{}</title>\n<link>{}</link>\n<description>{}</description>\n</item>\n",
            text(&story.title),
            story.link,
            text(&story.summary),
        );
    }
    xml + "</channel>\n</rss>\n"
}

/// Atom 1.0.
pub(super) fn atom10(voice: &Voice, stories: &[Story], base: &str) -> String {
    let updated = stories
        .iter()
        .map(|story| story.updated)
        .max()
        .unwrap_or_default();
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<title>{}</title>
<subtitle>{}</subtitle>
<id>tag:{},2026:feed</id>
<link rel="alternate" type="text/html" href="{}"/>
<link rel="self" type="application/atom+xml" href="{base}{}"/>
<updated>{updated}</updated>
"#,
        text(voice.title),
        text(voice.about),
        voice.id,
        voice.site,
        voice.path,
    );
    for story in stories {
        let _ = write!(
            xml,
            "<entry>\n<title type=\"html\">{}</title>\n<id>tag:{},2026:{}</id>\n<link rel=\"alternate\" href=\"{}\"/>\n\
             <published>{}</published>\n<updated>{}</updated>\n<author><name>{}</name></author>\n<summary>{}</summary>\n",
            text(&text(&story.title)),
            voice.id,
            story.number,
            story.link,
            story.published,
            story.updated,
            text(&story.author),
            text(&story.summary),
        );
        for tag in &story.tags {
            let _ = writeln!(xml, "<category term=\"{}\"/>", text(tag));
        }
        xml.push_str("</entry>\n");
    }
    xml + "</feed>\n"
}

/// Atom 0.3, as weblogs of 2004 still serve it.
pub(super) fn atom03(voice: &Voice, stories: &[Story]) -> String {
    let modified = stories
        .iter()
        .map(|story| story.updated)
        .max()
        .unwrap_or_default();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\" xml:lang=\"en\">\n\
         <title>{}</title>\n<tagline>{}</tagline>\n<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n<modified>{modified}</modified>\n",
        text(voice.title),
        text(voice.about),
        voice.site,
    );
    for story in stories {
        let _ = write!(
            xml,
            "<entry>\n<title>{}</title>\n<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n<id>{}</id>\n\
             <issued>{}</issued>\n<modified>{}</modified>\n<author><name>{}</name></author>\n\
             <content type=\"text/html\" mode=\"escaped\">&lt;p&gt;{}&lt;/p&gt;</content>\n</entry>\n",
            text(&story.title),
            story.link,
            story.link,
            story.published,
            story.updated,
            text(&story.author),
            text(&text(&story.summary)),
        );
    }
    xml + "</feed>\n"
}

/// `Sat, 21 Nov 2026 09:00:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    let since = std::time::Duration::from_secs(at.as_secs().max(0).unsigned_abs());
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since)
}

fn text(raw: &str) -> String {
    raw.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

//! Subscriptions of another reader (OPML 2.0, <http://opml.org/spec2.opml>) as `[[source]]` tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::keys::{CATEGORIES_MAX, SOURCES_MAX, URL_BYTES_MAX};
use super::scalar::shorten;
use super::slug::{host_of, slugify, unique};
use super::sources::ALL;

/// Longest file of subscriptions.
const OPML_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest title of a source.
const TITLE_CHARS_MAX: usize = 100;
/// The category of what is in no folder, as in `edgefold.toml`.
const GENERAL: &str = "general";

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedSources {
    /// `[[source]]` tables, to append to an `edgefold.toml`.
    pub toml: String,
    /// How many.
    pub sources: usize,
    /// What was left out or changed, and why: one sentence each.
    pub left_out: Vec<String>,
}

/// Why nothing could be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file is over 8 MiB.
    #[error("the file has {0} bytes; at most {OPML_BYTES_MAX} are read")]
    TooLarge(usize),
    /// No `<opml>` element was found.
    #[error("this is no OPML: there is no <opml> element")]
    NotOpml,
    /// The XML can't be read on.
    #[error("the XML is broken on line {line}: {message}")]
    Broken {
        /// Counted from 1.
        line: usize,
        /// What the XML reader says.
        message: String,
    },
    /// Not one outline has a usable `xmlUrl`.
    #[error("no subscription in it can be used{}", .left_out.iter().map(|why| format!("\n  {why}")).collect::<String>())]
    Empty {
        /// Why each was left out.
        left_out: Vec<String>,
    },
}

/// Reads an OPML file. Folders become categories, ids are unique, an address that comes twice is taken once.
///
/// # Errors
/// Where the text is no OPML or has no subscription. An outline that can't be used is listed in
/// [`ImportedSources::left_out`] instead.
pub fn import_opml(text: &str) -> Result<ImportedSources, ImportError> {
    if text.len() > OPML_BYTES_MAX {
        return Err(ImportError::TooLarge(text.len()));
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = quick_xml::Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut import = Import::default();
    let mut is_opml = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                is_opml |= named(&tag, "opml");
                if named(&tag, "outline") {
                    import.outline(&tag, true);
                }
            }
            Ok(Event::Empty(tag)) if named(&tag, "outline") => import.outline(&tag, false),
            Ok(Event::End(tag)) if tag.local_name().as_ref().eq_ignore_ascii_case("outline") => {
                import.folders.pop();
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                let before = text.bytes().take(at);
                return Err(ImportError::Broken {
                    line: before.filter(|b| *b == b'\n').count() + 1,
                    message: error.to_string(),
                });
            }
        }
    }
    if !is_opml {
        return Err(ImportError::NotOpml);
    }
    import.finish()
}

fn named(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.local_name().as_ref().eq_ignore_ascii_case(name)
}

#[derive(Default)]
struct Import {
    done: ImportedSources,
    /// The open outlines; `Some` for a folder with a usable name.
    folders: Vec<Option<String>>,
    ids: BTreeSet<String>,
    urls: BTreeSet<String>,
    categories: BTreeSet<String>,
}

/// The attributes of one outline that matter here.
#[derive(Default)]
struct Outline {
    title: String,
    text: String,
    url: String,
    categories: Vec<String>,
}

impl Outline {
    fn read(tag: &BytesStart<'_>) -> Self {
        let mut outline = Self::default();
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            // A bare `&` is common in addresses: then the value stands as it is written.
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_else(|_| attribute.value.clone());
            let name = attribute.key.local_name().as_ref().to_ascii_lowercase();
            match name.as_str() {
                "title" => outline.title = one_line(&value),
                "text" => outline.text = one_line(&value),
                "xmlurl" => outline.url = value.trim().to_owned(),
                "category" => outline.categories = categories(&value),
                _ => {}
            }
        }
        outline
    }

    fn name(&self) -> &str {
        if self.title.is_empty() {
            &self.text
        } else {
            &self.title
        }
    }
}

fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<_> = visible.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(TITLE_CHARS_MAX).collect();
    line.trim_end().to_owned()
}

/// OPML 2.0: `/Boston/Weather,tech` are categories separated by commas, each with its parents; the last part names it.
fn categories(text: &str) -> Vec<String> {
    text.split(',')
        .filter_map(|path| path.rsplit('/').map(slugify).find(|name| !name.is_empty()))
        .collect()
}

impl Import {
    fn outline(&mut self, tag: &BytesStart<'_>, opens: bool) {
        let outline = Outline::read(tag);
        let is_folder = outline.url.is_empty();
        if !is_folder {
            self.subscription(&outline);
        }
        if opens {
            let name = slugify(outline.name());
            let usable = is_folder && !name.is_empty();
            self.folders.push(usable.then_some(name));
        }
    }

    fn subscription(&mut self, outline: &Outline) {
        let shown = match outline.name() {
            "" => shorten(&outline.url),
            name => shorten(name),
        };
        let url = match fetchable(&outline.url) {
            Ok(url) => url,
            Err(why) => return self.leave_out(format!("{shown}: {why}")),
        };
        if self.done.sources == SOURCES_MAX {
            return self.leave_out(format!("{shown}: a site has at most {SOURCES_MAX} sources"));
        }
        if !self.urls.insert(url.clone()) {
            return self.leave_out(format!("{shown}: {} is in the file twice", shorten(&url)));
        }
        let title = match outline.name() {
            "" => host_of(&url).chars().take(TITLE_CHARS_MAX).collect(),
            name => name.to_owned(),
        };
        let (category, tags) = self.category(outline, &shown);
        let wanted = [
            slugify(&title),
            slugify(&host_of(&url)),
            "source".to_owned(),
        ];
        let wanted = wanted.iter().find(|id| !id.is_empty());
        let id = unique(wanted.map_or("source", String::as_str), &mut self.ids);
        self.write(&id, &title, &url, &category, &tags);
    }

    /// The innermost folder, else the first category of its own; further ones become tags.
    fn category(&mut self, outline: &Outline, shown: &str) -> (String, Vec<String>) {
        let folder = self.folders.iter().rev().flatten().next().cloned();
        let own = outline.categories.iter().cloned();
        let mut names = folder.into_iter().chain(own);
        let mut category = names.next().unwrap_or_else(|| GENERAL.to_owned());
        let mut tags: Vec<String> = Vec::new();
        for tag in names.take(super::keys::WORDS_MAX) {
            if tag != category && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if category == ALL {
            category = format!("{ALL}-feeds");
        }
        // One place is kept for GENERAL.
        let full = self.categories.len() + 1 >= CATEGORIES_MAX;
        if full && !self.categories.contains(&category) && category != GENERAL {
            self.leave_out(format!(
                "{shown}: its category `{category}` (a site has at most {CATEGORIES_MAX}; it is in `{GENERAL}`)"
            ));
            GENERAL.clone_into(&mut category);
        }
        if category != GENERAL {
            self.categories.insert(category.clone());
        }
        (category, tags)
    }

    fn write(&mut self, id: &str, title: &str, url: &str, category: &str, tags: &[String]) {
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        let out = &mut self.done.toml;
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a String can't fail.
        let _ = writeln!(
            out,
            "[[source]]\nid = {}\ntitle = {}\nurl = {}\ncategory = {}",
            quoted(id),
            quoted(title),
            quoted(url),
            quoted(category)
        );
        if !tags.is_empty() {
            let tags: Vec<_> = tags.iter().map(|tag| quoted(tag)).collect();
            let _ = writeln!(out, "tags = [{}]", tags.join(", "));
        }
        self.done.sources += 1;
    }

    fn leave_out(&mut self, why: String) {
        self.done.left_out.push(why);
    }

    fn finish(self) -> Result<ImportedSources, ImportError> {
        if self.done.sources == 0 {
            return Err(ImportError::Empty {
                left_out: self.done.left_out,
            });
        }
        Ok(self.done)
    }
}

/// The address as `edgefold.toml` takes it. Readers write `feed://host/…` and `feed:https://host/…` too.
fn fetchable(url: &str) -> Result<String, String> {
    let shown = shorten(url);
    let lower = url.to_ascii_lowercase();
    let plain = if lower.starts_with("feed://") {
        format!("http://{}", &url["feed://".len()..])
    } else if lower.starts_with("feed:") {
        url["feed:".len()..].to_owned()
    } else {
        url.to_owned()
    };
    let parsed =
        url::Url::parse(&plain).map_err(|error| format!("{shown} is no address: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!("{shown} can't be fetched: only http and https can"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(
            "its address holds a user name or password; write it with a header and a secret"
                .to_owned(),
        );
    }
    if parsed.as_str().len() > URL_BYTES_MAX {
        return Err(format!("its address has over {URL_BYTES_MAX} bytes"));
    }
    Ok(parsed.into())
}

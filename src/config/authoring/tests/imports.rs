//! OPML of other readers.

use crate::config::authoring::{ImportError, compile, import_opml};

const OPML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Subscriptions</title></head>
  <body>
    <outline text="Tech News">
      <outline type="rss" text="A &amp; B" title="A &amp; B" xmlUrl="https://a.example/feed?x=1&amp;y=2" htmlUrl="https://a.example"/>
      <outline text="Deep"><outline text="Same name" xmlUrl="https://c.example/1"/></outline>
      <outline text="Same name" xmlUrl="https://c.example/2"/>
    </outline>
    <outline text="Loose" xmlUrl="feed://d.example/rss" category="/Science/Space,astronomy"/>
    <outline text="Bare &" xmlUrl="https://e.example/?a=1&b=2"></outline>
    <outline text="Again" xmlUrl="https://c.example/1"/>
    <outline text="Mail" xmlUrl="mailto:a@example.org"/>
    <outline text="Private" xmlUrl="https://u:p@f.example/"/>
    <outline text="All"><outline xmlUrl="https://g.example/feed"/></outline>
  </body>
</opml>"#;

#[test]
fn folders_become_categories() {
    let imported = import_opml(OPML).unwrap();
    let config = compile(&imported.toml).unwrap();
    let got: Vec<_> = config
        .sources
        .iter()
        .map(|s| {
            (
                s.id.as_str(),
                s.title.as_str(),
                s.url.as_str(),
                s.category.as_str(),
            )
        })
        .collect();
    assert_eq!(
        got,
        [
            (
                "a-b",
                "A & B",
                "https://a.example/feed?x=1&y=2",
                "tech-news"
            ),
            ("same-name", "Same name", "https://c.example/1", "deep"),
            (
                "same-name-2",
                "Same name",
                "https://c.example/2",
                "tech-news"
            ),
            ("loose", "Loose", "http://d.example/rss", "space"),
            ("bare", "Bare &", "https://e.example/?a=1&b=2", "general"),
            (
                "g-example",
                "g.example",
                "https://g.example/feed",
                "all-feeds"
            ),
        ]
    );
    assert_eq!(config.sources[3].tags, ["astronomy"]);
    assert_eq!(imported.sources, 6);
    assert_eq!(
        imported.left_out,
        [
            "Again: https://c.example/1 is in the file twice",
            "Mail: mailto:a@example.org can't be fetched: only http and https can",
            "Private: its address holds a user name or password; write it with a header and a secret",
        ]
    );
}

#[test]
fn what_is_no_opml_is_refused() {
    assert_eq!(import_opml("<rss></rss>"), Err(ImportError::NotOpml));
    assert_eq!(import_opml("hello"), Err(ImportError::NotOpml));
    let empty = import_opml("<opml><body><outline text='x'/></body></opml>").unwrap_err();
    assert_eq!(empty.to_string(), "no subscription in it can be used");
    let broken = import_opml("<opml>\n<body>\n<outline text=\"a").unwrap_err();
    assert!(
        matches!(broken, ImportError::Broken { line: 3, .. }),
        "{broken:?}"
    );
}

#[test]
fn too_many_categories_fall_back() {
    let outlines: String = (0..150)
        .map(|n| format!("<outline text='Folder {n}'><outline text='f{n}' xmlUrl='https://a.example/{n}'/></outline>"))
        .collect();
    let imported = import_opml(&format!("<opml>{outlines}</opml>")).unwrap();
    assert_eq!((imported.sources, imported.left_out.len()), (150, 51));
    assert!(compile(&imported.toml).is_ok());
}

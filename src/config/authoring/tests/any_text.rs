//! No text makes the checker panic, and what it says points into the text.

use proptest::prelude::*;

use crate::config::authoring::{compile, import_opml, render};

/// Pieces that come close to a real file.
const PIECES: &[&str] = &[
    "[site]\n",
    "[[source]]\n",
    "[[view]]\n",
    "[source.map]\n",
    "[limits]\n",
    "[budget]\n",
    "[source]\n",
    "url = 'https://a.example/'\n",
    "url = https\n",
    "title = 'T'\n",
    "title = \"é\u{1F980}\n",
    "id = 'all'\n",
    "id = 5\n",
    "kind = 'json'\n",
    "every = '30m'\n",
    "every = 30m\n",
    "body = '99999999999999999999MB'\n",
    "items = '$..*'\n",
    "title = '$['\n",
    "headers = { a = { secret = '{}}{' } }\n",
    "headers.x = '\t'\n",
    "tags = ['a', 1, {}]\n",
    "categories = ['b']\n",
    "page_items = -9223372036854775808\n",
    "source = [1]\n",
    "view = []\n",
    "=\n",
    "\"\"\"",
    "'''",
    "\r",
    "\u{feff}",
    "\0",
    "{",
    "]",
    "é = 1\n",
    "a.b.c = 1\n",
    "language = 'x'\n",
    "\\u0000",
    "#",
    "\n",
];

fn says_where(text: &str) -> Result<(), TestCaseError> {
    match compile(text) {
        Ok(config) => prop_assert!(!config.sources.is_empty()),
        Err(mistakes) => {
            prop_assert!(!mistakes.is_empty());
            let lines = text.split('\n').count();
            for mistake in &mistakes {
                prop_assert!((1..=lines).contains(&mistake.line), "{mistake:?}");
                prop_assert!(mistake.column >= 1 && mistake.width >= 1);
                prop_assert!(!mistake.message.is_empty());
            }
            prop_assert!(render("f", text, &mistakes).contains("mistake"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        says_where(&text)?;
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        says_where(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn almost_a_file(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24)) {
        says_where(&pieces.concat())?;
    }

    #[test]
    fn a_file_cut_anywhere(at in 0usize..4000) {
        let text = include_str!("../../../../edgefold.toml");
        let cut: String = text.chars().take(at).collect();
        says_where(&cut)?;
    }

    #[test]
    fn what_is_imported_compiles(
        title in "\\PC{0,120}", folder in "\\PC{0,80}", path in "[a-z&;%é ]{0,20}", category in "[a-z/,]{0,30}",
    ) {
        let xml = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let (title, folder) = (xml(&title), xml(&folder));
        let outline = format!("<outline text=\"{title}\" category=\"{category}\" xmlUrl=\"https://a.example/{path}\"/>");
        let opml = format!("<opml><body>{outline}<outline text=\"{folder}\">{outline}<outline text=\"x\" xmlUrl=\"http://b.example\"/></outline></body></opml>");
        let imported = import_opml(&opml).unwrap();
        prop_assert_eq!(imported.sources, 2);
        let compiled = compile(&imported.toml);
        prop_assert!(compiled.is_ok(), "{:?}\n{}", compiled, imported.toml);
    }

    #[test]
    fn any_xml(pieces in proptest::collection::vec(proptest::sample::select(&["<opml>", "</opml>", "<outline", " text='a'", " xmlUrl='http://a'",
        ">", "/>", "</outline>", "<!DOCTYPE", "<![CDATA[", "&", "&#0;", "<", "\"", "é"][..]), 0..24)) {
        let _ = import_opml(&pieces.concat());
    }
}

//! Compares the parser with `feed-rs`: wherever that finds entries in a captured feed, both find the same ones at the same
//! times.

use super::{read, testdata};

#[test]
fn both_parsers_agree_on_count_and_dates() {
    let Some(data) = testdata() else { return };
    let mut files: Vec<_> = std::fs::read_dir(data.join("feeds/files"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    let (mut agreed, mut dates, mut unread, mut differ) = (0, 0, Vec::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(path).unwrap();
        let parsed = read(&body).unwrap();
        let theirs = feed_rs::parser::parse(&body[..])
            .map(|feed| feed.entries)
            .unwrap_or_default();
        if theirs.is_empty() {
            unread.push(name);
            continue;
        }
        let before = differ.len();
        if theirs.len() != parsed.entries.len() {
            differ.push(format!(
                "{name}: {} entries, feed-rs {}",
                parsed.entries.len(),
                theirs.len()
            ));
        }
        for (entry, other) in parsed.entries.iter().zip(&theirs) {
            let Some(at) = other.published.map(|at| at.timestamp_millis()) else {
                continue;
            };
            dates += 1;
            if entry.published.map(edgefold::time::Timestamp::as_millis) != Some(at) {
                differ.push(format!(
                    "{name} {:?}: {:?}, feed-rs {:?}",
                    entry.title, entry.published, other.published
                ));
            }
        }
        agreed += usize::from(differ.len() == before);
    }
    println!("{agreed} agree, {dates} dates compared; feed-rs finds no entry in {unread:?}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(agreed + unread.len(), files.len());
    assert!(agreed > 35 && dates > 600, "{agreed} files, {dates} dates");
}

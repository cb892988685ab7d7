//! Which views a site has, and which items belong to which.

use crate::config::{Config, View};
use crate::item::Item;

/// The view of everything.
pub const ALL: &str = "all";

/// A view of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewDef<'a> {
    /// As in `category=`.
    pub id: &'a str,
    /// For people.
    pub title: String,
    rule: Rule<'a>,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule<'a> {
    All,
    Category,
    Declared(&'a View),
}

/// Every view: `all`, then the categories in the order of their first source, then the declared ones.
#[must_use]
pub fn views(config: &Config) -> Vec<ViewDef<'_>> {
    let mut views = vec![ViewDef {
        id: ALL,
        title: "All".to_owned(),
        rule: Rule::All,
    }];
    for source in &config.sources {
        if views.iter().all(|view| view.id != source.category) {
            let title = title_of(&source.category);
            views.push(ViewDef {
                id: &source.category,
                title,
                rule: Rule::Category,
            });
        }
    }
    for view in &config.views {
        views.push(ViewDef {
            id: &view.id,
            title: view.title.clone(),
            rule: Rule::Declared(view),
        });
    }
    views.truncate(crate::slice::VIEWS_MAX);
    views
}

/// `science-news` reads `Science news`. A first word of two letters is taken for an abbreviation: `ai-news` reads `AI news`.
fn title_of(category: &str) -> String {
    let first_len = category.find('-').unwrap_or(category.len());
    let capitals = if first_len <= 2 { first_len } else { 1 };
    let (front, rest) = category
        .split_at_checked(capitals)
        .unwrap_or((category, ""));
    format!("{}{}", front.to_ascii_uppercase(), rest.replace('-', " "))
}

/// The indexes of the views that `item` belongs to, ascending.
#[must_use]
pub fn views_of(item: &Item, views: &[ViewDef<'_>]) -> Vec<u16> {
    let text = haystack(&item.title, &item.summary, &item.tags);
    let member = |view: &ViewDef<'_>| match view.rule {
        Rule::All => true,
        Rule::Category => item.category == view.id,
        Rule::Declared(declared) => in_declared(item, &text, declared),
    };
    let indexes = views.iter().enumerate().filter(|(_, view)| member(view));
    indexes
        .filter_map(|(index, _)| u16::try_from(index).ok())
        .collect()
}

fn in_declared(item: &Item, text: &str, view: &View) -> bool {
    let listed = |list: &[String], word: &String| list.is_empty() || list.contains(word);
    let tag = |wanted: &String| item.tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted));
    listed(&view.categories, &item.category)
        && listed(&view.sources, &item.source)
        && (view.tags.is_empty() || view.tags.iter().any(tag))
        && passes(text, &view.include, &view.mute)
}

/// What keyword filters look at: title, summary and tags in lower case.
pub(crate) fn haystack(title: &str, summary: &str, tags: &[String]) -> String {
    let mut text = format!("{title}\n{summary}\n{}", tags.join("\n"));
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return text;
    }
    text.to_lowercase()
}

/// Whether a lower-case text has one of `include` (or that is empty) and none of `mute`.
pub(crate) fn passes(text: &str, include: &[String], mute: &[String]) -> bool {
    let has = |word: &String| text.contains(&word.to_lowercase());
    (include.is_empty() || include.iter().any(has)) && !mute.iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn categories_read_as_titles() {
        for (category, title) in [
            ("science", "Science"),
            ("open-source-tools", "Open source tools"),
            ("ai", "AI"),
            ("ai-news", "AI news"),
            ("3", "3"),
            ("", ""),
        ] {
            assert_eq!(title_of(category), title);
        }
    }
}

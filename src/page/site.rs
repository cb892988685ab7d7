//! What the site calls itself, stored as text: feeds escape it otherwise than the page.

use crate::config::Site;
use crate::slice::{Head, Section};

/// `[site]` of the configuration that a head was made with, as far as reads need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteWords {
    /// The heading of the page.
    pub title: String,
    /// One sentence; may be empty.
    pub description: String,
    /// BCP 47 tag.
    pub language: String,
    /// Where the site is reached, without a trailing slash; empty where the configuration does not say.
    pub url: String,
}

impl SiteWords {
    /// What `head` was made with.
    #[must_use]
    pub fn of(head: &Head) -> Self {
        let text = |index| {
            let piece = head.piece(Section::Site, index);
            String::from_utf8_lossy(&piece).into_owned()
        };
        Self {
            title: text(0),
            description: text(1),
            language: text(2),
            url: text(3),
        }
    }
}

/// The pieces of [`Section::Site`].
pub(super) fn pieces(site: &Site) -> Vec<Vec<u8>> {
    let url = site.url.as_deref().unwrap_or_default();
    [
        site.title.as_str(),
        &site.description,
        &site.language,
        url.trim_end_matches('/'),
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

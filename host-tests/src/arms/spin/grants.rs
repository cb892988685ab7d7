//! What a manifest grants the component. Spin links every interface to every component; what `spin.toml` does not list is
//! refused when it is opened.

use anyhow::Context;
use toml_edit::DocumentMut;

/// Labels that may be opened.
pub(super) struct Grants {
    key_value_stores: Vec<String>,
    sqlite_databases: Vec<String>,
}

impl Grants {
    /// Those of the component `edgefold` in the text of a `spin.toml`.
    pub(super) fn of(manifest: &str) -> anyhow::Result<Self> {
        let manifest: DocumentMut = manifest.parse()?;
        let component = manifest
            .get("component")
            .and_then(|components| components.get("edgefold"))
            .context("spin.toml has no component `edgefold`")?;
        let labels = |key| {
            let list = component.get(key).and_then(|list| list.as_array());
            let labels = list
                .into_iter()
                .flatten()
                .filter_map(|label| label.as_str());
            labels.map(str::to_owned).collect()
        };
        Ok(Self {
            key_value_stores: labels("key_value_stores"),
            sqlite_databases: labels("sqlite_databases"),
        })
    }

    pub(super) fn key_value(&self, label: &str) -> bool {
        self.key_value_stores.iter().any(|granted| granted == label)
    }

    pub(super) fn sqlite(&self, label: &str) -> bool {
        self.sqlite_databases.iter().any(|granted| granted == label)
    }
}

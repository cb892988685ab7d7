//! Values: none too large, none listed before it is written, none deleted while somebody may need it.

use edgefold::slice::VALUE_BYTES_MAX;

use super::super::Shared;
use super::super::origin::Kind;
use super::super::replication::Seen;

/// For this long after a head was replaced, what it names must be there, in milliseconds: the hour that the logic grants,
/// less what its clocks may be off.
pub(in super::super) const GRACE_MS: u64 = 55 * 60 * 1000;

impl Shared {
    /// Somebody reads `key`.
    pub(in super::super) fn watch_read(&self, key: &str, seen: &Seen, by_reader: bool) {
        if Kind::of(key) != Kind::Sealed {
            return;
        }
        match seen {
            Seen::Deleted => self.find("values", format!("{key} is deleted and still needed")),
            // A cycle may look for what it failed to write; a reader asks only for what a head lists.
            Seen::Never if by_reader => {
                self.find("values", format!("{key} is listed and was never written"));
            }
            _ => {}
        }
    }

    /// Somebody writes `key`.
    pub(in super::super) fn watch_write(&self, key: &str, bytes: usize, applied: bool) {
        if bytes > VALUE_BYTES_MAX {
            self.find("values", format!("{key} has {bytes} bytes"));
        }
        if applied && matches!(Kind::of(key), Kind::Head | Kind::State) {
            self.audit_due.set(true);
        }
    }

    /// Somebody deletes `key`: no head of the last [`GRACE_MS`] may name it, itself or by a directory.
    pub(in super::super) fn watch_delete(&self, key: &str) {
        let Some(name) = hash_of(key) else {
            return;
        };
        let grace = i64::try_from(GRACE_MS).unwrap_or(i64::MAX);
        let since = self.true_time().plus_millis(-grace);
        let origin = self.origin();
        let heads = origin.values_of(Kind::Head, since);
        let directories = origin.values_of(Kind::Sealed, since);
        drop(origin);
        let names = |value: &[u8], name: &[u8; 16]| value.windows(16).any(|window| window == name);
        let by_head = heads.iter().any(|(_, head)| names(head, &name));
        let by_directory = directories.iter().any(|(directory, value)| {
            directory.contains("dir/")
                && names(value, &name)
                && hash_of(directory)
                    .is_some_and(|listed| heads.iter().any(|(_, head)| names(head, &listed)))
        });
        if by_head || by_directory {
            self.find(
                "values",
                format!("{key} is deleted though a head of the last hour names it"),
            );
        }
    }
}

/// The content hash in a key, as heads and directories hold it.
fn hash_of(key: &str) -> Option<[u8; 16]> {
    let name = key.rsplit('/').next()?;
    let hash = u128::from_str_radix(name, 16).ok()?;
    (name.len() == 32).then(|| hash.to_le_bytes())
}

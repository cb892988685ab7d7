//! A stored state against the head that is visible.

use crate::fold::State;
use crate::slice::Head;

/// Takes out of `state` what is not true of `head`.
///
/// A run that seals stores its state before its head, so a state may speak of a head that never became visible, or that
/// another one was quicker than. Both carry the marks of the last two such states in their history; where one is shared,
/// what came after it is undone, and what the head has sealed since is read back from its segments. Without a shared one
/// the state tells nothing about what is sealed.
pub(super) fn settle(state: &mut State, head: &Head) {
    let visible = head.lineage();
    let shared = |mark: u64| mark == visible.mark || mark == visible.parent;
    if shared(state.lineage.mark) {
        state.land();
    } else if shared(state.lineage.parent) {
        state.undo();
    } else {
        state.forget();
    }
    state.lineage = visible;
}

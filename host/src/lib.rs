//! Embeds the edgefold component in any tokio program.

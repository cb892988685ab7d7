//! Components that behave badly, made from `wit/`.

use std::path::Path;

use edgefold_host::up::find_component;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// What every function of the guest does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// Traps.
    Trap,
    /// Computes for ever.
    Spin,
    /// Grows its memory for ever.
    Grow,
}

/// A component of the world `aggregator`.
pub(crate) fn misbehaving(behaviour: Behaviour) -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit).unwrap();
    let world = resolve
        .select_world(&[package], Some("aggregator"))
        .unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::AsyncCallback);
    let dummy = wit_component::dummy_module(&resolve, world, abi);
    let text = wasmprinter::print_bytes(&dummy).unwrap();
    let text = match behaviour {
        Behaviour::Trap => text,
        Behaviour::Spin => text.replace("unreachable", "loop br 0 end unreachable"),
        Behaviour::Grow => text.replace(
            "unreachable",
            "loop i32.const 16 memory.grow drop br 0 end unreachable",
        ),
    };
    let mut module = wat::parse_str(&text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// The real component, or `None` with a message where it is not built.
pub(crate) fn edgefold() -> Option<Vec<u8>> {
    let found = find_component();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.ok()
}

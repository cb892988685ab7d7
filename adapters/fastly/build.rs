//! Bakes the compiled configuration into the module.

fn main() {
    edgefold::config::authoring::build_script();
}

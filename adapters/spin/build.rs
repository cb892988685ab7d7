//! Bakes the compiled configuration into the component.

fn main() {
    edgefold::config::authoring::build_script();
}

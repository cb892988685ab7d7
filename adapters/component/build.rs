//! Compiles `edgefold.toml` (or the file named by `EDGEFOLD_CONFIG`), which the component then contains.

fn main() {
    edgefold::config::authoring::build_script();
}

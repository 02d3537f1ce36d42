//! Writes two tables, so that a new kernel needs no list to be edited: every shader's text, and every twin by its stem.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Stems of the files in `dir` with this extension, sorted.
fn stems(dir: &Path, extension: &str) -> io::Result<Vec<String>> {
    println!("cargo:rerun-if-changed={}", dir.display());
    let mut stems = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == extension) {
            stems.extend(path.file_stem().map(|s| s.to_string_lossy().into_owned()));
        }
    }
    stems.sort();
    Ok(stems)
}

/// The shader without comments and blank lines: they are for readers, and every visitor would download them.
fn without_comments(source: &str) -> String {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or("").trim_end());
    code.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn shader_table(name: &str, dir: &Path) -> io::Result<String> {
    let mut out = format!("pub static {name}: &[(&str, &str)] = &[\n");
    for stem in stems(dir, "wgsl")? {
        let path = dir.join(format!("{stem}.wgsl"));
        println!("cargo:rerun-if-changed={}", path.display());
        let _ = writeln!(out, "    ({stem:?}, {:?}),", without_comments(&fs::read_to_string(&path)?));
    }
    out.push_str("];\n");
    Ok(out)
}

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let target = PathBuf::from(variable("OUT_DIR")?);

    let kernels = shader_table("KERNELS", &root.join("shaders"))?;
    let library = shader_table("LIBRARY", &root.join("shaders/lib"))?;
    let shaders = kernels + &library;
    // Measured choices hold for these shaders: a sum over their text goes into their record (FNV-1a).
    let sum = shaders.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    println!("cargo:rustc-env=UNNOISE_SHADERS={sum:016x}");
    fs::write(target.join("shaders.rs"), shaders)?;

    // The twins' modules are found by the stems of the shaders; a shader without one does not build.
    let stems = stems(&root.join("shaders"), "wgsl")?;
    let mut twins = String::new();
    for stem in &stems {
        let _ = writeln!(twins, "#[path = {:?}]\nmod {stem};", root.join(format!("src/cpu/{stem}.rs")));
    }
    twins.push_str(
        "\n/// The twin of `shaders/<stem>.wgsl`.\npub fn twin<F: Real>(stem: &str) -> Option<Twin<F>> {\n    Some(match stem {\n",
    );
    for stem in &stems {
        let _ = writeln!(twins, "        {stem:?} => {stem}::run,");
    }
    twins.push_str("        _ => return None,\n    })\n}\n");
    fs::write(target.join("twins.rs"), twins)
}

//! Shader composer: constants in front, `#import name` from `shaders/lib/`, `#if NAME … #else … #endif`; and a reader of
//! the declarations, by which launches are matched with shaders by name.

use crate::graph::Value;
use crate::{Error, Result};

include!(concat!(env!("OUT_DIR"), "/shaders.rs"));

/// A storage binding as the shader declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Variable name.
    pub name: String,
    /// `@binding(…)`.
    pub binding: u32,
    /// True for `read_write`.
    pub write: bool,
}

/// A shader ready for the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The WGSL text.
    pub source: String,
    /// Its storage bindings.
    pub storage: Vec<Declared>,
    /// The fields of `struct Params` in order, each `(name, type)`; empty if there is none.
    pub params: Vec<(String, String)>,
}

/// Stems of all kernels under `shaders/`.
pub fn kernel_stems() -> impl Iterator<Item = &'static str> {
    KERNELS.iter().map(|(stem, _)| *stem)
}

/// Composes `shaders/<stem>.wgsl` with these constants.
///
/// # Errors
/// [`Error::Shader`] for an unknown stem or import, or an `#if` without its `#endif`.
pub fn compose(stem: &str, constants: &[(&'static str, Value)]) -> Result<Composed> {
    let fail = |message: String| Error::Shader { shader: stem.to_string(), message };
    let text = find(KERNELS, stem).ok_or_else(|| fail("there is no such file under shaders/".into()))?;
    let mut source = String::new();
    for (name, value) in constants {
        match value {
            Value::U32(v) => source.push_str(&format!("const {name}: u32 = {v}u;\n")),
            Value::F32(v) => source.push_str(&format!("const {name}: f32 = {v:?}f;\n")),
            Value::Bool(v) => source.push_str(&format!("const {name}: bool = {v};\n")),
        }
    }
    let mut imported = Vec::new();
    expand(text, constants, &mut imported, &mut source).map_err(fail)?;
    let storage = source.lines().filter_map(declared).collect();
    let params = params(&source);
    Ok(Composed { source, storage, params })
}

fn find(table: &'static [(&'static str, &'static str)], stem: &str) -> Option<&'static str> {
    table.iter().find(|(s, _)| *s == stem).map(|(_, text)| *text)
}

/// Copies the lines that the conditions leave, with imports in place of `#import` (each once).
fn expand(
    text: &str,
    constants: &[(&'static str, Value)],
    imported: &mut Vec<String>,
    out: &mut String,
) -> std::result::Result<(), String> {
    let set = |name: &str| constants.iter().any(|(n, v)| *n == name && !matches!(v, Value::Bool(false) | Value::U32(0)));
    // One entry per open #if: are its lines kept?
    let mut open: Vec<bool> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("#if"), Some(name)) => open.push(set(name)),
            (Some("#else"), _) => {
                let kept = open.last_mut().ok_or("#else without #if")?;
                *kept = !*kept;
            }
            (Some("#endif"), _) => {
                open.pop().ok_or("#endif without #if")?;
            }
            _ if open.contains(&false) => {}
            (Some("#import"), Some(name)) => {
                if !imported.iter().any(|i| i == name) {
                    imported.push(name.to_string());
                    let library = find(LIBRARY, name).ok_or_else(|| format!("#import {name}: no such file under shaders/lib/"))?;
                    expand(library, constants, imported, out)?;
                }
            }
            (Some(word), _) if word.starts_with('#') => return Err(format!("unknown directive: {line}")),
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err("#if without #endif".into()) }
}

/// Reads a line such as `@group(0) @binding(1) var<storage, read> x: array<f32>;`.
fn declared(line: &str) -> Option<Declared> {
    let rest = line.trim().strip_prefix("@group(0) @binding(")?;
    let (binding, rest) = rest.split_once(')')?;
    let (access, rest) = rest.trim().strip_prefix("var<storage,")?.split_once('>')?;
    let (name, _) = rest.split_once(':')?;
    Some(Declared { name: name.trim().to_string(), binding: binding.parse().ok()?, write: access.trim() == "read_write" })
}

fn params(source: &str) -> Vec<(String, String)> {
    let Some((_, rest)) = source.split_once("struct Params {") else { return Vec::new() };
    let Some((body, _)) = rest.split_once('}') else { return Vec::new() };
    let fields = body.lines().flat_map(|line| line.split("//").next().unwrap_or("").split(','));
    fields.filter_map(|f| f.split_once(':')).map(|(name, ty)| (name.trim().to_string(), ty.trim().to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_choose_lines_and_declarations() {
        let with = compose("linear_step", &[("NOISE", Value::Bool(true))]).expect("composes");
        let without = compose("linear_step", &[("NOISE", Value::Bool(false))]).expect("composes");
        assert!(with.storage.iter().any(|d| d.name == "z" && !d.write));
        assert!(without.storage.iter().all(|d| d.name != "z"));
        assert_eq!(with.params.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["n", "steps", "frame_count"]);
    }

    /// So does that of a sampler's table.
    #[test]
    fn table_columns_are_the_same_in_rust_and_wgsl() {
        use crate::graph::ops::reverse::column;
        let text = LIBRARY.iter().find(|(stem, _)| *stem == "reverse").expect("lib/reverse.wgsl is there").1;
        let columns = [
            ("C_X", column::C_X),
            ("C_M", column::C_M),
            ("C_0", column::C_0),
            ("C_Z", column::C_Z),
            ("P_X", column::P_X),
            ("P_M", column::P_M),
            ("Q_X", column::Q_X),
            ("FRAME", column::FRAME),
            ("RANGE", column::RANGE),
            ("KNOWN", column::KNOWN),
            ("COLUMNS", column::COUNT),
        ];
        for (name, value) in columns {
            assert!(text.contains(&format!("const {name}: u32 = {value}u;")), "{name} is not {value} in lib/reverse.wgsl");
        }
    }

    /// The layout of the state buffers stands in Rust and in WGSL: here the two meet.
    #[test]
    fn state_layout_is_the_same_in_rust_and_wgsl() {
        use crate::graph::ops::WORKGROUP;
        use crate::graph::ops::state::{counter, scalar};
        let constant = |file: &str, name: &str| {
            let text = find(LIBRARY, file).expect("the file");
            let value = text.lines().find_map(|l| l.strip_prefix("const ")?.strip_prefix(name)?.split_once('=')).expect(name).1;
            value.trim().trim_end_matches(';').trim_end_matches('u').parse::<usize>().expect("a number")
        };
        macro_rules! same {
            ($module:ident: $($name:ident),*) => { $( assert_eq!(constant("state", concat!(stringify!($name), " ")), $module::$name); )* };
        }
        same!(counter: STEP, SEED, FROZEN, FROZEN_AT, DATA_COUNT);
        same!(scalar: BASE_RATE, RATE, COSINE_STEPS, BETA1, BETA2, EPSILON, WEIGHT_DECAY, BETA1_POWER, BETA2_POWER);
        same!(scalar: MAX_NORM, GRAD_NORM, CLIP, EMA_DECAY, EMA_NOW, LOSS);
        assert_eq!(constant("index", "WORKGROUP: u32 "), WORKGROUP);
    }

    #[test]
    fn unknown_shaders_and_open_conditions_are_errors() {
        assert!(compose("nonsense", &[]).is_err());
        assert!(expand("#if A\n", &[], &mut Vec::new(), &mut String::new()).is_err());
        assert!(expand("#import nonsense\n", &[], &mut Vec::new(), &mut String::new()).is_err());
    }
}

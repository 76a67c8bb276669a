//! Flags of `crossdock ptx`.

use std::path::PathBuf;

use clap::Args;

use crate::flags::{RouterName, RowFlags, ShapeFlags};

/// Flags of `crossdock ptx`.
#[derive(Debug, Args)]
pub(crate) struct PtxArguments {
    #[command(flatten)]
    pub(crate) row: RowFlags,

    #[command(flatten)]
    pub(crate) shape: ShapeFlags,

    /// Kernel to print; of a file with one kernel, that one
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "file"])]
    pub(crate) kernel: Option<String>,

    /// Print the names of the kernels instead, one a line; of a file, with their parameters
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) list: bool,

    /// Rust file with `#[device]` modules, or with bare device functions, instead of crossdock's
    /// own kernels
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hidden", "top_k", "experts", "wire"])]
    pub(crate) file: Option<PathBuf>,

    /// Const parameter of the file's kernel, once for each: an integer, true or false
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "file", conflicts_with_all = ["list", "ir"], value_parser = parameter)]
    pub(crate) parameters: Vec<(String, i128)>,

    /// Print the intermediate representation of the kernel's module, or of the file, before
    /// specialisation
    #[arg(long, conflicts_with_all = ["list", "target", "ptx_version"])]
    pub(crate) ir: bool,

    /// Groups of experts, for the kernel `router`
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) groups: u32,

    /// Groups that each token chooses, for the kernel `router` [default: all]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top_groups: Option<u32>,

    /// How the kernel `router` scores experts
    #[arg(long, value_enum, default_value = "sigmoid")]
    pub(crate) router: RouterName,

    /// GPU to make the kernel for, such as sm_90a [default: sm_80, which runs on every supported
    /// GPU]
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,

    /// PTX version to write it in, such as 8.6 [default: what text for the target is usually
    /// written in]
    #[arg(long, value_name = "VERSION")]
    pub(crate) ptx_version: Option<String>,
}

fn parameter(text: &str) -> Result<(String, i128), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in ROW=512 or FAST=true")?;
    let value = value.trim();
    let number = match value {
        "true" => Some(1),
        "false" => Some(0),
        _ => value.replace('_', "").parse().ok(),
    };
    let number = number.ok_or_else(|| format!("the value is an integer, true or false: `{value}` is not"))?;
    Ok((name.trim().to_string(), number))
}

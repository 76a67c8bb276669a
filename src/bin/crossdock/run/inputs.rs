//! From flags and files to what every rank brings: checked, complete, and in the kernels' types.

use std::path::{Path, PathBuf};

use crossdock::host::{Error, check_shape};
use crossdock::{Gate, Opaque, RouterKernel, ScoreFunction, Shape, Wire};
use crossdock_oracle::router as oracle;
use half::bf16;
use rand::RngExt;
use rand_pcg::Pcg64;

use super::demand;
use crate::arguments::{RouterName, RunArguments};
use crate::failure::Failure;
use crate::files::{self, Array, Element};
use crate::routing::{Groups, Router, Routes, Routing, random_weights};

/// What every rank brings to the round.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) shape: Shape,
    /// Tokens per rank.
    pub(super) tokens: usize,
    /// One entry per rank.
    pub(super) ranks: Vec<RankInputs>,
    /// What the router's kernel is given besides logits; `None` when routes are drawn or read.
    pub(super) gate: Option<GateInputs>,
    /// The shape of the combined tokens of all ranks in a file.
    pub(super) output_shape: Vec<usize>,
}

/// A gate and its numbers, the same on all ranks.
#[derive(Debug)]
pub(super) struct GateInputs {
    pub(super) name: RouterName,
    pub(super) gate: Gate,
    /// `[experts]`; empty for a gate without bias.
    pub(super) bias: Vec<f32>,
    pub(super) scaling: f32,
}

/// What one rank brings.
#[derive(Debug, Default)]
pub(super) struct RankInputs {
    /// `[tokens, hidden]`.
    pub(super) activations: Vec<bf16>,
    /// What travels if the wire is opaque; otherwise empty.
    pub(super) opaque: OpaqueInputs,
    /// `[tokens, experts]`; empty without the router's kernel.
    pub(super) logits: Vec<f32>,
    /// With the router's kernel, what it must choose.
    pub(super) routes: Routes,
}

/// Opaque rows.
#[derive(Debug, Default)]
pub(super) struct OpaqueInputs {
    /// `[tokens, row bytes]`.
    pub(super) rows: Vec<u8>,
    /// `[tokens, bytes]` of each side tensor.
    pub(super) sides: Vec<Vec<u8>>,
}

impl OpaqueInputs {
    fn draw(wire: Wire, tokens: usize, random: &mut impl RngExt) -> OpaqueInputs {
        let Wire::Opaque(Opaque { row_bytes, sides }) = wire else { return OpaqueInputs::default() };
        let mut bytes = |width: u32| (0..tokens * width as usize).map(|_| random.random()).collect();
        let rows = bytes(row_bytes);
        let sides = sides.into_iter().filter(|&width| width > 0).map(&mut bytes).collect();
        OpaqueInputs { rows, sides }
    }
}

/// An array with one row of `width` values per token, tokens rank by rank.
struct Table<T> {
    path: PathBuf,
    tokens: usize,
    width: usize,
    shape: Vec<usize>,
    values: Vec<T>,
}

impl Inputs {
    /// Reads the files and draws at random what they do not give.
    pub(super) fn prepare(arguments: &RunArguments) -> Result<Inputs, Failure> {
        let ranks = arguments.gpus_per_node as usize;
        if let (Wire::Opaque(_), Some(path)) = (arguments.wire, &arguments.tokens_file) {
            return Err(Failure::file(
                path,
                "opaque rows are drawn: give --wire bf16 or fp8 with --tokens-file",
            ));
        }
        let activations: Option<Table<bf16>> = table(arguments.tokens_file.as_deref(), ranks)?;
        let routes_path = experts_file(arguments)?;
        let experts: Option<Table<i64>> = table(routes_path, ranks)?;
        let weights: Option<Table<f32>> = table(weights_file(arguments, routes_path)?, ranks)?;
        if let (None, Some(weights)) = (&experts, &weights) {
            return Err(Failure::file(&weights.path, "weights belong to given routes: give --topk-file too"));
        }

        let tokens = agree(
            "--tokens",
            arguments.tokens,
            64,
            &[
                activations.as_ref().map(|table| (table.tokens, &*table.path)),
                experts.as_ref().map(|table| (table.tokens, &*table.path)),
                weights.as_ref().map(|table| (table.tokens, &*table.path)),
            ],
        )?;
        let hidden = agree(
            "--hidden",
            arguments.hidden,
            7168,
            &[activations.as_ref().map(|table| (table.width, &*table.path))],
        )?;
        let top_k = agree(
            "--top-k",
            arguments.top_k,
            8,
            &[
                experts.as_ref().map(|table| (table.width, &*table.path)),
                weights.as_ref().map(|table| (table.width, &*table.path)),
            ],
        )?;
        let shape = checked_shape(arguments, hidden, top_k)?;
        let router = router(arguments, &shape)?;
        let gate = gate(arguments, &router, &shape)?;
        demand::check(&shape, ranks, tokens)?;

        let output_shape = match &activations {
            Some(table) => table.shape.clone(),
            None => vec![ranks * tokens, hidden],
        };
        let given =
            experts.map(|table| check_experts(table, tokens, top_k, arguments.experts)).transpose()?;
        let ranks = (0..ranks)
            .map(|rank| {
                let mine = |width: usize| rank * tokens * width..(rank + 1) * tokens * width;
                let mut random = Pcg64::new(u128::from(arguments.seed), 2 * rank as u128);
                let activations = match &activations {
                    Some(table) => table.values[mine(hidden)].to_vec(),
                    None => normal(tokens * hidden, &mut random),
                };
                let opaque = OpaqueInputs::draw(arguments.wire, tokens, &mut random);
                let mut random = Pcg64::new(u128::from(arguments.seed), 2 * rank as u128 + 1);
                let logits = gate.as_ref().map_or(Vec::new(), |_| router.logits(tokens, &mut random));
                let routes = match (&given, &gate) {
                    (None, Some(gate)) => gate.expected(&logits),
                    (None, None) => router.route(tokens, &mut random),
                    (Some(experts), _) => {
                        let experts = experts[mine(top_k)].to_vec();
                        let weights = match &weights {
                            Some(table) => table.values[mine(top_k)].to_vec(),
                            None => random_weights(&experts, top_k, &mut random),
                        };
                        Routes { experts, weights }
                    }
                };
                RankInputs { activations, opaque, logits, routes }
            })
            .collect();
        Ok(Inputs { shape, tokens, ranks, gate, output_shape })
    }
}

/// The file with the routes: the one that is named, or the tokens' file when it has them and no routing is asked for.
fn experts_file(arguments: &RunArguments) -> Result<Option<&Path>, Failure> {
    let simulated = arguments.routing.is_some() || arguments.groups.is_some() || arguments.router.is_some();
    match (&arguments.topk_file, &arguments.tokens_file) {
        (Some(path), _) => Ok(Some(path)),
        (None, Some(path)) if !simulated && files::has_tensor::<i64>(path)? => Ok(Some(path)),
        _ => Ok(None),
    }
}

/// The file with the weights: the one that is named, or the one with the routes when it has them. Weights of another
/// file belong to other routes.
fn weights_file<'path>(
    arguments: &'path RunArguments,
    routes: Option<&'path Path>,
) -> Result<Option<&'path Path>, Failure> {
    match (&arguments.weights_file, routes) {
        (Some(path), _) => Ok(Some(path)),
        (None, Some(path)) if files::has_tensor::<f32>(path)? => Ok(Some(path)),
        _ => Ok(None),
    }
}

/// Reads an array of two dimensions, tokens of all ranks first, or of three, ranks first.
fn table<T: Element>(path: Option<&Path>, ranks: usize) -> Result<Option<Table<T>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let Array { shape, values } = files::read::<T>(path)?;
    let (tokens, width) = match shape[..] {
        [rows, width] if rows % ranks == 0 => (rows / ranks, width),
        [rows, _] => {
            return Err(Failure::file(
                path,
                format!(
                    "{}: {rows} rows cannot be spread evenly over {ranks} ranks, the number of rows must be a multiple of --gpus-per-node",
                    T::TENSOR
                ),
            ));
        }
        [first, tokens, width] if first == ranks => (tokens, width),
        _ if shape.len() > 8 => {
            let problem =
                format!("{}: {} dimensions are too many, it must have 2 or 3", T::TENSOR, shape.len());
            return Err(Failure::file(path, problem));
        }
        _ => {
            return Err(Failure::file(
                path,
                format!(
                    "{}: shape {shape:?} must be [ranks * tokens, width] or [ranks, tokens, width] with {ranks} ranks",
                    T::TENSOR
                ),
            ));
        }
    };
    Ok(Some(Table { path: path.to_owned(), tokens, width, shape, values }))
}

/// The one value that flag and files agree on, or the default when none says.
fn agree(
    flag: &str,
    given: Option<u32>,
    default: usize,
    files: &[Option<(usize, &Path)>],
) -> Result<usize, Failure> {
    let mut agreed = given.map(|value| (value as usize, format!("{flag} {value}")));
    for &(value, path) in files.iter().flatten() {
        match &agreed {
            Some((earlier, who)) if *earlier != value => {
                return Err(Failure::file(
                    path,
                    format!("the file makes {flag} {value}, which disagrees with {who}"),
                ));
            }
            Some(_) => {}
            None => agreed = Some((value, format!("{} ({flag} {value})", path.display()))),
        }
    }
    Ok(agreed.map_or(default, |(value, _)| value))
}

/// The relations between the numbers, in the words of the flags.
fn checked_shape(arguments: &RunArguments, hidden: usize, top_k: usize) -> Result<Shape, Failure> {
    let (ranks, experts) = (arguments.gpus_per_node, arguments.experts);
    // Flags were checked when they were parsed; files can still say anything.
    let narrow = |flag: &str, value: usize| {
        u32::try_from(value).map_err(|_| Failure::arguments(format!("{flag} {value} is far too large")))
    };
    let shape = Shape {
        hidden: narrow("--hidden", hidden)?,
        top_k: narrow("--top-k", top_k)?,
        experts,
        wire: arguments.wire,
    };
    if !experts.is_multiple_of(ranks) {
        return Err(Failure::arguments(format!(
            "--experts {experts} cannot be spread evenly over {ranks} ranks: it must be a multiple of --gpus-per-node {ranks}"
        )));
    }
    if shape.top_k > experts {
        return Err(Failure::arguments(format!(
            "--top-k {top_k} is more than --experts {experts}: a token cannot choose more experts than there are"
        )));
    }
    // The library names its parameters; here they are flags.
    check_shape(&shape, ranks as usize).map_err(|error| {
        Failure::arguments(match &error {
            Error::OpaqueRow { .. } => format!("--wire: {error}"),
            Error::OutOfRange { parameter, .. } if parameter.contains(' ') => format!("--wire: {error}"),
            _ => format!("--{error}").replacen("top_k", "top-k", 1),
        })
    })?;
    Ok(shape)
}

fn router(arguments: &RunArguments, shape: &Shape) -> Result<Router, Failure> {
    let experts = shape.experts;
    let groups = match (arguments.groups, arguments.top_groups) {
        (Some(count), Some(top)) => {
            if !experts.is_multiple_of(count) {
                return Err(Failure::arguments(format!(
                    "--groups {count} must divide --experts {experts} into equal groups"
                )));
            }
            if top > count {
                return Err(Failure::arguments(format!(
                    "--top-groups {top} must be at most --groups {count}"
                )));
            }
            let reachable = u64::from(top) * u64::from(experts / count);
            if u64::from(shape.top_k) > reachable {
                return Err(Failure::arguments(format!(
                    "--top-k {} must be at most the {reachable} experts in --top-groups {top} of --groups {count}",
                    shape.top_k
                )));
            }
            Some(Groups { count: count as usize, top: top as usize })
        }
        _ => None,
    };
    let routing = arguments.routing.unwrap_or(Routing::Uniform);
    Ok(Router { experts: experts as usize, top_k: shape.top_k as usize, routing, groups })
}

/// The gate that the flags ask for, if they do, with a bias that is drawn.
fn gate(arguments: &RunArguments, router: &Router, shape: &Shape) -> Result<Option<GateInputs>, Failure> {
    let Some(name) = arguments.router else { return Ok(None) };
    if router.routing == Routing::OneExpert {
        return Err(Failure::arguments(
            "--router chooses different experts for a token: it goes with --routing uniform and zipf:S",
        ));
    }
    let groups = router.groups.map_or((1, 1), |groups| (groups.count as u32, groups.top as u32));
    let gate = name.gate(shape.experts, shape.top_k, groups);
    // The kernel knows best which gates there are.
    RouterKernel::jit(gate).map_err(|error| Failure::arguments(format!("--router: {error}")))?;
    let mut random = Pcg64::new(u128::from(arguments.seed), u128::MAX);
    let biases = if gate.biased { shape.experts as usize } else { 0 };
    let bias = normal(biases, &mut random).into_iter().map(|value| value.to_f32() / 16.0).collect();
    Ok(Some(GateInputs { name, gate, bias, scaling: arguments.scaling.unwrap_or(1.0) }))
}

impl GateInputs {
    /// What the reference chooses.
    fn expected(&self, logits: &[f32]) -> Routes {
        let gate = oracle::Gate {
            experts: self.gate.experts as usize,
            groups: self.gate.groups as usize,
            top_groups: self.gate.top_groups as usize,
            top_k: self.gate.top_k as usize,
            score: match self.gate.score {
                ScoreFunction::Sigmoid => oracle::Score::Sigmoid,
                ScoreFunction::Softmax => oracle::Score::Softmax,
                ScoreFunction::Identity => oracle::Score::Identity,
            },
            bias: self.gate.biased.then_some(&self.bias[..]),
            normalised: self.gate.normalised,
            scaling: self.scaling,
        };
        let (experts, weights) = gate.route(logits);
        Routes { experts, weights }
    }
}

/// Expert indices in the kernels' type; each is -1 or names an expert.
fn check_experts(table: Table<i64>, tokens: usize, top_k: usize, experts: u32) -> Result<Vec<i32>, Failure> {
    let check = |(index, expert): (usize, i64)| match i32::try_from(expert) {
        Ok(checked) if (-1..i64::from(experts)).contains(&expert) => Ok(checked),
        _ => {
            let (row, k) = (index / top_k, index % top_k);
            Err(Failure::file(
                &table.path,
                format!(
                    "expert {expert} (rank {}, token {}, selection {k}) is out of range: with --experts {experts} it must be 0 to {}, or -1 for none",
                    row / tokens,
                    row % tokens,
                    experts - 1
                ),
            ))
        }
    };
    table.values.iter().copied().enumerate().map(check).collect()
}

/// Values of the standard normal distribution.
fn normal(count: usize, random: &mut impl RngExt) -> Vec<bf16> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // Box-Muller: two uniform draws make two normal ones.
        let radius = (-2.0 * random.random::<f32>().max(f32::MIN_POSITIVE).ln()).sqrt();
        let (sine, cosine) = (std::f32::consts::TAU * random.random::<f32>()).sin_cos();
        values.extend([bf16::from_f32(radius * cosine), bf16::from_f32(radius * sine)]);
    }
    values.truncate(count);
    values
}

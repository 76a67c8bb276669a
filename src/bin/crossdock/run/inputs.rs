//! From flags and files to what every rank brings: checked, complete, and in the kernels' types.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crossdock::host::{Error, check_shape};
use crossdock::{RouterKernel, Shape, Wire};
use crossdock_trial::{Draw, Given, Groups, RouterInputs, Routing, SimulatedGate, Trial};
use half::bf16;

use crate::demand;
use crate::failure::Failure;
use crate::files::{self, Activation, Array, Element};
use crate::run::arguments::RunArguments;
use crate::run::counts::Counts;
use crate::run::rounding::{Rounded, to_bf16};

/// A round, and what is left of the files that it came from.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) trial: Trial,
    /// Tokens of each rank.
    pub(super) tokens: Counts,
    /// What became of activations of a file that are no bf16.
    pub(super) rounded: Option<Rounded>,
    /// The shape of the combined tokens of all ranks in a file.
    pub(super) output_shape: Vec<usize>,
}

/// An array with one row of `width` values per token, tokens rank by rank.
struct Table<T> {
    path: PathBuf,
    tokens: Counts,
    width: usize,
    shape: Vec<usize>,
    values: Vec<T>,
}

impl Inputs {
    /// Reads the files and draws at random what they do not give.
    pub(super) fn prepare(arguments: &RunArguments) -> Result<Inputs, Failure> {
        let ranks = arguments.round.gpus_per_node as usize;
        if let (Wire::Opaque(_), Some(path)) = (arguments.shape.wire, &arguments.tokens_file) {
            return Err(Failure::file(
                path,
                "opaque rows are drawn: give --wire bf16 or fp8 with --tokens-file",
            ));
        }
        let said = arguments.tokens.as_ref().map(|numbers| Counts::given(ranks, numbers)).transpose()?;
        let activations: Option<Table<Activation>> =
            table(arguments.tokens_file.as_deref(), ranks, said.as_ref())?;
        let routes_path = experts_file(arguments)?;
        let experts: Option<Table<i64>> = table(routes_path, ranks, said.as_ref())?;
        let weights: Option<Table<f32>> = table(weights_file(arguments, routes_path)?, ranks, said.as_ref())?;
        if let (None, Some(weights)) = (&experts, &weights) {
            return Err(Failure::file(&weights.path, "weights belong to given routes: give --topk-file too"));
        }

        let tokens = agree(
            "--tokens",
            said,
            Counts::even(ranks, 64),
            &[
                activations.as_ref().map(|table| (table.tokens.clone(), &*table.path)),
                experts.as_ref().map(|table| (table.tokens.clone(), &*table.path)),
                weights.as_ref().map(|table| (table.tokens.clone(), &*table.path)),
            ],
        )?;
        let hidden = agree(
            "--hidden",
            arguments.hidden.map(|hidden| hidden as usize),
            7168,
            &[activations.as_ref().map(|table| (table.width, &*table.path))],
        )?;
        let top_k = agree(
            "--top-k",
            arguments.top_k.map(|top_k| top_k as usize),
            8,
            &[
                experts.as_ref().map(|table| (table.width, &*table.path)),
                weights.as_ref().map(|table| (table.width, &*table.path)),
            ],
        )?;
        let shape = checked_shape(arguments, hidden, top_k)?;
        let draw = Draw { seed: arguments.round.seed, gate: simulated_gate(arguments, &shape)? };
        let router = router(arguments, &draw, &shape)?;
        demand::check(&shape, ranks, tokens.most())?;

        let output_shape = match &activations {
            Some(table) => table.shape.clone(),
            None => vec![tokens.sum(), hidden],
        };
        let given =
            experts.map(|table| check_experts(table, &tokens, top_k, arguments.shape.experts)).transpose()?;
        let activations = activations.map(|table| in_bf16(table, hidden)).transpose()?;
        let brought = |rank: usize| {
            let mine = |width: usize| {
                let tokens = tokens.range(rank);
                tokens.start * width..tokens.end * width
            };
            let given = Given {
                activations: activations.as_ref().map(|(values, _)| values[mine(hidden)].to_vec()),
                experts: given.as_ref().map(|experts| experts[mine(top_k)].to_vec()),
                weights: weights.as_ref().map(|table| table.values[mine(top_k)].to_vec()),
            };
            draw.brought(rank, tokens.of(rank), &shape, router.as_ref(), given)
        };
        let ranks = (0..ranks).map(brought).collect();
        let trial = Trial {
            shape,
            layout: arguments.round.layout,
            expert: arguments.expert(),
            pre_quantised: arguments.pre_quantised,
            router,
            ranks,
        };
        Ok(Inputs { trial, tokens, rounded: activations.and_then(|(_, rounded)| rounded), output_shape })
    }
}

/// The file with the routes: the one that is named, or the tokens' file when it has them and no
/// routing is asked for.
fn experts_file(arguments: &RunArguments) -> Result<Option<&Path>, Failure> {
    let simulated = arguments.routing.is_some() || arguments.groups.is_some() || arguments.router.is_some();
    match (&arguments.topk_file, &arguments.tokens_file) {
        (Some(path), _) => Ok(Some(path)),
        (None, Some(path)) if !simulated && files::has_tensor::<i64>(path)? => Ok(Some(path)),
        _ => Ok(None),
    }
}

/// The file with the weights: the one that is named, or the one with the routes when it has them.
/// Weights of another file belong to other routes.
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

/// The activations as rows carry them, and how far they are from those of the file.
fn in_bf16(table: Table<Activation>, hidden: usize) -> Result<(Vec<bf16>, Option<Rounded>), Failure> {
    let values: Vec<f32> = table.values.iter().map(|value| value.0).collect();
    to_bf16(&values).map_err(|index| {
        let ((rank, token), element) = (table.tokens.place(index / hidden), index % hidden);
        Failure::file(
            &table.path,
            format!(
                "{:e} (rank {rank}, token {token}, element {element}) is too large: rows travel as bf16, which ends at {:e}",
                values[index],
                bf16::MAX.to_f32()
            ),
        )
    })
}

/// Reads an array of two dimensions, tokens of all ranks first, or of three, ranks first.
fn table<T: Element>(
    path: Option<&Path>,
    ranks: usize,
    said: Option<&Counts>,
) -> Result<Option<Table<T>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let Array { shape, values } = files::read::<T>(path)?;
    let (tokens, width) = match (&shape[..], said.filter(|said| !said.are_even())) {
        (&[rows, width], Some(said)) if said.sum() == rows => (said.clone(), width),
        (&[rows, _], Some(said)) => {
            return Err(Failure::file(
                path,
                format!("{}: {rows} rows, and --tokens {said} asks for {}", T::TENSOR, said.sum()),
            ));
        }
        (&[rows, width], None) if rows % ranks == 0 => (Counts::even(ranks, rows / ranks), width),
        (&[rows, _], None) => {
            return Err(Failure::file(
                path,
                format!(
                    "{}: {rows} rows cannot be spread evenly over {ranks} ranks, the number of rows must be a multiple of --gpus-per-node, or --tokens says how many each rank has",
                    T::TENSOR
                ),
            ));
        }
        (&[first, tokens, width], _) if first == ranks => (Counts::even(ranks, tokens), width),
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
fn agree<T: PartialEq + Display + Clone>(
    flag: &str,
    given: Option<T>,
    default: T,
    files: &[Option<(T, &Path)>],
) -> Result<T, Failure> {
    let mut agreed = given.map(|value| (value.clone(), format!("{flag} {value}")));
    for (value, path) in files.iter().flatten() {
        match &agreed {
            Some((earlier, who)) if earlier != value => {
                return Err(Failure::file(
                    *path,
                    format!("the file makes {flag} {value}, which disagrees with {who}"),
                ));
            }
            Some(_) => {}
            None => agreed = Some((value.clone(), format!("{} ({flag} {value})", path.display()))),
        }
    }
    Ok(agreed.map_or(default, |(value, _)| value))
}

/// The relations between the numbers, in the words of the flags.
fn checked_shape(arguments: &RunArguments, hidden: usize, top_k: usize) -> Result<Shape, Failure> {
    let (ranks, experts) = (arguments.round.gpus_per_node, arguments.shape.experts);
    // Flags were checked when they were parsed; files can still say anything.
    let narrow = |flag: &str, value: usize| {
        u32::try_from(value).map_err(|_| Failure::arguments(format!("{flag} {value} is far too large")))
    };
    let shape = Shape {
        hidden: narrow("--hidden", hidden)?,
        top_k: narrow("--top-k", top_k)?,
        experts,
        wire: arguments.shape.wire,
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

/// What chooses experts, or draws the logits that do.
fn simulated_gate(arguments: &RunArguments, shape: &Shape) -> Result<SimulatedGate, Failure> {
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
    Ok(SimulatedGate { experts: experts as usize, top_k: shape.top_k as usize, routing, groups })
}

/// What the router's kernel is given, if the flags ask for it.
fn router(arguments: &RunArguments, draw: &Draw, shape: &Shape) -> Result<Option<RouterInputs>, Failure> {
    let Some(name) = arguments.router else { return Ok(None) };
    if draw.gate.routing == Routing::OneExpert {
        return Err(Failure::arguments(
            "--router chooses different experts for a token: it goes with --routing uniform and zipf:S",
        ));
    }
    let groups = draw.gate.groups.map_or((1, 1), |groups| (groups.count as u32, groups.top as u32));
    let gate = name.gate(shape.experts, shape.top_k, groups);
    // The kernel knows best which gates there are.
    RouterKernel::jit(gate).map_err(|error| Failure::arguments(format!("--router: {error}")))?;
    Ok(Some(draw.router(gate, arguments.scaling.unwrap_or(1.0))))
}

/// Expert indices in the kernels' type; each is -1 or names an expert.
fn check_experts(
    table: Table<i64>,
    tokens: &Counts,
    top_k: usize,
    experts: u32,
) -> Result<Vec<i32>, Failure> {
    let check = |(index, expert): (usize, i64)| match i32::try_from(expert) {
        Ok(checked) if (-1..i64::from(experts)).contains(&expert) => Ok(checked),
        _ => {
            let ((rank, token), k) = (tokens.place(index / top_k), index % top_k);
            Err(Failure::file(
                &table.path,
                format!(
                    "expert {expert} (rank {rank}, token {token}, selection {k}) is out of range: with --experts {experts} it must be 0 to {}, or -1 for none",
                    experts - 1
                ),
            ))
        }
    };
    table.values.iter().copied().enumerate().map(check).collect()
}

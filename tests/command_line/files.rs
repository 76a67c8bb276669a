//! A user's own tokens, routes and weights, in every format, and the output.

use std::path::Path;

use half::{bf16, f16};
use ndarray::{Array2, Array3, ArrayD};
use ndarray_npy::{read_npy, write_npy};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{crossdock_in, text, verified_in};

/// Two ranks with two tokens of eight elements; all values and sums are exact in bf16.
fn tokens() -> Array2<f32> {
    Array2::from_shape_fn((4, 8), |(token, element)| token as f32 * 8.0 + element as f32)
}

/// Weights 0.5 and 2: results are 2.5 times the token, but the third token has one route and the
/// last has none.
fn routes() -> (Array2<i32>, Array2<f32>) {
    (
        ndarray::array![[0, 3], [3, 3], [-1, 1], [-1, -1]],
        Array2::from_shape_fn((4, 2), |(_, k)| [0.5, 2.0][k]),
    )
}

fn expected() -> Array2<f32> {
    tokens() * ndarray::array![[2.5], [2.5], [2.0], [0.0]]
}

fn output(folder: &Path, arguments: &str) -> ArrayD<f32> {
    let report = verified_in(folder, &format!("--gpus-per-node 2 --experts 4 --output y.npy {arguments}"));
    assert_eq!(
        (&report["tokens"], &report["hidden"], &report["top_k"]),
        (&2.into(), &8.into(), &2.into()),
        "{arguments}"
    );
    read_npy(folder.join("y.npy")).expect("the output is an array")
}

/// Version 1.0 of the format, for element types that `ndarray-npy` has no name for.
fn raw_npy(path: &Path, descriptor: &str, shape: &str, data: &[u8]) {
    let mut header = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}");
    header += &" ".repeat(64 - (10 + header.len() + 1) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("a short header").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn numpy_files_of_every_element_type_give_the_weighted_sums() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (experts, weights) = routes();
    write_npy(folder.join("idx.npy"), &experts).expect("written");
    write_npy(folder.join("idx64.npy"), &experts.mapv(i64::from)).expect("written");
    write_npy(folder.join("w.npy"), &weights).expect("written");
    write_npy(folder.join("f32.npy"), &tokens()).expect("written");
    write_npy(folder.join("columns.npy"), &tokens().t().as_standard_layout().t()).expect("written");
    let halves: Vec<u8> = tokens().iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
    raw_npy(&folder.join("f16.npy"), "<f2", "(4, 8)", &halves);
    let brains: Vec<u8> = tokens().iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect();
    raw_npy(&folder.join("bf16.npy"), "<V2", "(4, 8)", &brains);
    raw_npy(&folder.join("bf16_opaque.npy"), "|V2", "(4, 8)", &brains);

    for tokens in ["f32", "columns", "f16", "bf16", "bf16_opaque"] {
        for routes in ["idx", "idx64"] {
            let arguments =
                format!("--tokens-file {tokens}.npy --topk-file {routes}.npy --weights-file w.npy");
            assert_eq!(output(folder, &arguments), expected().into_dyn(), "{arguments}");
        }
    }
}

#[test]
fn three_dimensions_in_give_three_dimensions_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (experts, weights) = routes();
    let by_rank = |array: Array2<f32>| -> Array3<f32> {
        let width = array.ncols();
        array.into_shape_with_order((2, 2, width)).expect("two tokens per rank")
    };
    write_npy(folder.join("x.npy"), &by_rank(tokens())).expect("written");
    write_npy(folder.join("idx.npy"), &experts).expect("written");
    write_npy(folder.join("w.npy"), &by_rank(weights)).expect("written");
    let result = output(folder, "--tokens-file x.npy --topk-file idx.npy --weights-file w.npy");
    assert_eq!(result, by_rank(expected()).into_dyn());
}

#[test]
fn one_safetensors_file_may_hold_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (experts, weights) = routes();
    let brains: Vec<u8> = tokens().iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect();
    let experts: Vec<u8> = experts.iter().flat_map(|&expert| i64::from(expert).to_le_bytes()).collect();
    let weights: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
    let tensor = |dtype, width, bytes| TensorView::new(dtype, vec![4, width], bytes).expect("a tensor");
    let tensors = [
        ("tokens", tensor(Dtype::BF16, 8, &brains)),
        ("topk", tensor(Dtype::I64, 2, &experts)),
        ("weights", tensor(Dtype::F32, 2, &weights)),
    ];
    safetensors::serialize_to_file(tensors, None, &folder.join("all.safetensors")).expect("written");
    assert_eq!(output(folder, "--tokens-file all.safetensors"), expected().into_dyn());
    let arguments =
        "--tokens-file all.safetensors --topk-file all.safetensors --weights-file all.safetensors";
    assert_eq!(output(folder, arguments), expected().into_dyn());
    // A simulated gate is used when it is asked for, and its weights are positive and sum to 1.
    let simulated = output(folder, "--tokens-file all.safetensors --routing one-expert --top-k 2");
    assert_eq!(simulated, tokens().into_dyn());
}

#[test]
fn weights_come_only_with_the_routes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (experts, weights) = routes();
    let tokens: Vec<u8> = tokens().iter().flat_map(|value| value.to_le_bytes()).collect();
    let bytes: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
    let tensor = |width, bytes| TensorView::new(Dtype::F32, vec![4, width], bytes).expect("a tensor");
    let tensors = [("tokens", tensor(8, &tokens)), ("weights", tensor(2, &bytes))];
    safetensors::serialize_to_file(tensors, None, &folder.join("a.safetensors")).expect("written");
    write_npy(folder.join("other.npy"), &experts).expect("written");
    // Drawn weights sum to 1 for each token with a route, so tokens that have one come back as they
    // were, up to rounding; the file's weights would make them 2 or 2.5 times as large.
    let drawn = output(folder, "--tokens-file a.safetensors --topk-file other.npy");
    for (drawn, given) in drawn.iter().zip(expected().iter().zip(self::tokens().iter())) {
        let wanted = if *given.0 == 0.0 { 0.0 } else { *given.1 };
        assert!((drawn - wanted).abs() <= wanted / 64.0, "{drawn} is not {wanted}");
    }
    let arguments = "--tokens-file a.safetensors --topk-file other.npy --weights-file a.safetensors";
    assert_eq!(output(folder, arguments), expected().into_dyn());
}

#[test]
fn an_older_and_longer_output_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("y.npy");
    std::fs::write(&path, [7; 100_000]).expect("written");
    verified_in(
        folder.path(),
        "--gpus-per-node 2 --tokens 3 --hidden 16 --experts 4 --top-k 2 --output y.npy",
    );
    let result: Array2<f32> = read_npy(&path).expect("an array and nothing after it");
    assert_eq!(result.dim(), (6, 16));
}

/// `/dev/full` opens and refuses every byte.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_does_not_lose_the_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("y.npy")).expect("linked");
    let command = "run --json --gpus-per-node 2 --tokens 3 --hidden 16 --experts 4 --top-k 2 --output y.npy";
    let result = crossdock_in(folder.path(), command);
    let report: serde_json::Value = serde_json::from_slice(&result.stdout).expect("one JSON object");
    assert_eq!(report["verified"], true);
    assert_eq!(result.status.code(), Some(1));
    let complaint = text(&result.stderr);
    assert!(complaint.starts_with("error: y.npy: the result could not be written: "), "{complaint}");
}

#[test]
fn ranks_may_bring_different_numbers_of_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (experts, weights) = routes();
    write_npy(folder.join("x.npy"), &tokens()).expect("written");
    write_npy(folder.join("idx.npy"), &experts).expect("written");
    write_npy(folder.join("w.npy"), &weights).expect("written");
    let files = "--tokens-file x.npy --topk-file idx.npy --weights-file w.npy";
    let flags =
        format!("--gpus-per-node 3 --experts 6 --expert identity --tokens 3,0,1 {files} --output y.npy");
    let report = verified_in(folder, &flags);
    assert_eq!(report["tokens"], serde_json::json!([3, 0, 1]));
    assert_eq!(read_npy(folder.join("y.npy")).ok(), Some(expected()));

    let refused = |flags: &str| {
        let output = crossdock_in(folder, &format!("run {flags}"));
        assert_eq!(output.status.code(), Some(2), "{flags}");
        text(&output.stderr).to_owned()
    };
    assert_eq!(
        refused(&format!("--gpus-per-node 3 --experts 6 --tokens 3,1,1 {files}")),
        "error: x.npy: tokens: 4 rows, and --tokens 3,1,1 asks for 5\n"
    );
    assert_eq!(
        refused("--gpus-per-node 3 --experts 6 --tokens 3,1"),
        "error: --tokens gives 2 numbers for 3 ranks: give one for all ranks, or one for each\n"
    );
}

#[test]
fn activations_that_are_no_bf16_are_rounded_with_a_word_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut tokens = tokens();
    tokens[[1, 2]] = 1.003_906_2;
    write_npy(folder.join("x.npy"), &tokens).expect("written");
    let flags = "--gpus-per-node 2 --experts 4 --top-k 2 --tokens-file x.npy";
    let rounded = &verified_in(folder, flags)["rounded"];
    assert_eq!((&rounded["activations"], &rounded["of"]), (&1.into(), &32.into()));
    let error = rounded["largest_relative_error"].as_f64().expect("a number");
    assert!((error - 0.003_906_2 / 1.003_906_2).abs() < 1e-6, "{error}");
    let table = crossdock_in(folder, &format!("run {flags}"));
    assert!(text(&table.stdout).contains("rounded to bf16: 1 of 32 activations, by at most 0.39 %\n"));
    assert_eq!(
        verified_in(folder, "--gpus-per-node 2 --experts 4 --top-k 2 --tokens 2 --hidden 8")["rounded"],
        serde_json::Value::Null
    );

    tokens[[3, 5]] = 3.4e38;
    write_npy(folder.join("x.npy"), &tokens).expect("written");
    let output = crossdock_in(folder, &format!("run {flags}"));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: x.npy: 3.4e38 (rank 1, token 1, element 5) is too large: rows travel as bf16, which ends at 3.3895314e38\n"
    );
}

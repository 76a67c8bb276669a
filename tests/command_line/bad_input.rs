//! Bad input exits with 2 and one sentence that names the value and the rule.

use std::fmt::Write as _;
use std::path::Path;

use crate::{crossdock_in, text};

/// What the tool answers, as a transcript. Nothing may reach standard output, and nothing may panic.
fn transcript(folder: &Path, commands: &[&str]) -> String {
    let mut transcript = String::new();
    for command in commands {
        let output = crossdock_in(folder, command);
        assert_eq!(output.status.code(), Some(2), "{command}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{command}");
        writeln!(transcript, "$ crossdock {command}\n{}", text(&output.stderr)).expect("strings grow");
    }
    transcript
}

#[test]
fn flags() {
    let transcript = transcript(
        Path::new("."),
        &[
            "run --hidden 7170",
            "run --hidden 7176 --wire fp8",
            "run --hidden 0",
            "run --experts 250 --gpus-per-node 8",
            "run --gpus-per-node 0",
            "run --top-k 9 --experts 8",
            "run --top-k 33",
            "run --groups 7 --top-groups 2",
            "run --groups 8 --top-groups 9",
            "run --groups 64 --top-groups 1",
            "run --routing zipf",
            "run --output y.txt",
            "run --output nowhere/y.npy",
            "ptx --kernel scatter",
            "ptx --kernel dispatch --hidden 7170",
        ],
    );
    insta::assert_snapshot!(transcript);
}

#[test]
fn files() {
    use ndarray::{Array2, Array4};
    use ndarray_npy::write_npy;

    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    write_npy(at("double.npy"), &Array2::<f64>::zeros((4, 16))).expect("written");
    write_npy(at("tokens.npy"), &Array2::<f32>::zeros((4, 16))).expect("written");
    write_npy(at("three.npy"), &Array2::<f32>::zeros((3, 16))).expect("written");
    write_npy(at("four.npy"), &Array4::<f32>::zeros((1, 1, 4, 16))).expect("written");
    write_npy(at("narrow.npy"), &Array2::<f32>::zeros((4, 9))).expect("written");
    write_npy(at("routes.npy"), &ndarray::array![[0i64, 1], [2, 3], [-1, 4], [1, 0]]).expect("written");
    write_npy(at("negative.npy"), &ndarray::array![[0i32, -2], [2, 3], [1, 1], [1, 0]]).expect("written");
    write_npy(at("six.npy"), &Array2::<f32>::ones((6, 2))).expect("written");
    std::fs::write(at("text.npy"), "not an array").expect("written");
    std::fs::write(at("text.safetensors"), "not tensors").expect("written");
    let whole = std::fs::read(at("tokens.npy")).expect("read");
    std::fs::write(at("short.npy"), &whole[..whole.len() - 5]).expect("written");
    let tensor = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1, 4], &[0; 16])
        .expect("a tensor");
    safetensors::serialize_to_file([("activations", tensor)], None, &at("other.safetensors"))
        .expect("written");

    let transcript = transcript(
        folder.path(),
        &[
            "run --gpus-per-node 2 --tokens-file nowhere.npy",
            "run --gpus-per-node 2 --tokens-file tokens.txt",
            "run --gpus-per-node 2 --tokens-file text.npy",
            "run --gpus-per-node 2 --tokens-file text.safetensors",
            "run --gpus-per-node 2 --tokens-file other.safetensors",
            "run --gpus-per-node 2 --tokens-file short.npy",
            "run --gpus-per-node 2 --tokens-file double.npy",
            "run --gpus-per-node 2 --tokens-file three.npy",
            "run --gpus-per-node 2 --tokens-file four.npy",
            "run --gpus-per-node 2 --tokens-file narrow.npy",
            "run --gpus-per-node 2 --tokens-file tokens.npy --hidden 32",
            "run --gpus-per-node 2 --tokens-file tokens.npy --tokens 4",
            "run --gpus-per-node 2 --topk-file tokens.npy",
            "run --gpus-per-node 2 --experts 4 --topk-file routes.npy",
            "run --gpus-per-node 2 --experts 4 --topk-file negative.npy",
            "run --gpus-per-node 2 --experts 8 --topk-file routes.npy --weights-file routes.npy",
            "run --gpus-per-node 2 --experts 8 --topk-file routes.npy --weights-file six.npy",
            "run --gpus-per-node 2 --experts 8 --weights-file six.npy",
            "run --gpus-per-node 2 --experts 8 --topk-file routes.npy --routing uniform",
        ],
    );
    insta::assert_snapshot!(transcript);
}

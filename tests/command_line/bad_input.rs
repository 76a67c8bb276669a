//! Bad input exits with 2 and one sentence that names the value and the rule.

use std::fmt::Write as _;
use std::path::Path;

use super::{crossdock_in, text};

/// What the tool answers, as a transcript. Nothing may reach standard output, and nothing may
/// panic.
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
            "run --wire fp9",
            "run --wire fp8:e5m2:ue8m0:64",
            "run --layout expert:8",
            "run --wire fp8(e4m3,block:0,scale:f32)",
            "run --wire opaque(row:100)",
            "run --wire opaque(row:0,sides:[4])",
            "run --target hopper",
            "run --experts 250 --gpus-per-node 8",
            "run --gpus-per-node 0",
            "run --top-k 9 --experts 8",
            "run --top-k 33",
            "run --experts 4104",
            "ptx --kernel dispatch --experts 4097",
            "run --tokens -1",
            "run --seed -1",
            "run --schedule-seed -1",
            "run --groups 7 --top-groups 2",
            "run --groups 8 --top-groups 9",
            "run --groups 64 --top-groups 1",
            "run --routing zipf",
            "run --output y.txt",
            "run --output nowhere/y.npy",
            "ptx --kernel scatter",
            "ptx --kernel dispatch --hidden 7170",
            "ptx --kernel dispatch --target hopper",
            "ptx --kernel dispatch --target sm_100 --ptx-version 8.0",
            "ptx --kernel dispatch --target sm_100 --ptx-version 8.9",
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
    std::fs::create_dir(at("folder.npy")).expect("made");
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
            "run --gpus-per-node 2 --experts 8 --topk-file routes.npy --groups 4 --top-groups 2",
            "run --gpus-per-node 2 --experts 8 --topk-file routes.npy --top-groups 2",
            "run --gpus-per-node 2 --output folder.npy",
        ],
    );
    insta::assert_snapshot!(transcript);
}

#[test]
fn hostile_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let plain = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let write = |name: &str, header: &str| {
        let length = u32::try_from(header.len()).expect("a short header");
        let bytes = [&b"\x93NUMPY\x02\x00"[..], &length.to_le_bytes()[..], header.as_bytes()].concat();
        std::fs::write(at(name), bytes).expect("written");
    };
    write("no_rows.npy", &plain("(0, 18446744073709551615)"));
    write("half.npy", &plain("(0, 9223372036854775808)"));
    write("wide.npy", &plain("(4, 0, 9223372036854775807)"));
    write("fitting.npy", &plain("(0, 1000000000000000000)"));
    write("tall.npy", &plain("(1000000000000000000, 0)"));
    write("product.npy", &plain("(4294967296, 4294967296)"));
    write("beyond.npy", &plain("(4, 36893488147419103232)"));
    write("many.npy", &plain(&format!("({})", "0, ".repeat(2000))));
    write("digits.npy", &plain(&format!("({}, 4)", "9".repeat(5000))));
    write("nested.npy", &plain(&"(".repeat(5000)));
    write("long.npy", &(plain("(4, 16)") + &" ".repeat(20_000) + "\n"));
    write("key.npy", &format!("{{'{}': 1}}\n", "k".repeat(5000)));
    write("type.npy", &plain("(4, 16)").replace("<f4", &"f".repeat(5000)));
    write("nothing.npy", "\n");
    std::fs::write(at("empty.npy"), []).expect("written");
    std::fs::write(at("magic.npy"), b"\x93NUMPY").expect("written");
    std::fs::write(at("length.npy"), b"\x93NUMPY\x02\x00\xff\xff\xff\xff").expect("written");
    std::fs::write(at("version.npy"), b"\x93NUMPY\x09\x00\x01\x00\x00\x00\n").expect("written");

    let names = [
        "no_rows", "half", "wide", "fitting", "tall", "product", "beyond", "many", "digits", "nested",
        "long", "key", "type", "nothing", "empty", "magic", "length", "version",
    ];
    let commands = names.map(|name| format!("run --gpus-per-node 4 --tokens-file {name}.npy"));
    let transcript = transcript(folder.path(), &commands.each_ref().map(String::as_str));
    assert!(transcript.lines().all(|line| line.chars().count() < 300), "{transcript}");
    insta::assert_snapshot!(transcript);
}

#[test]
fn bad_input_leaves_the_output_file_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("old.npy"), "old").expect("written");
    for name in ["new.npy", "old.npy"] {
        transcript(folder.path(), &[&format!("run --experts 250 --output {name}")]);
    }
    assert!(!at("new.npy").exists());
    assert_eq!(std::fs::read(at("old.npy")).expect("read"), b"old");
}

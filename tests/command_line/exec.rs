//! `crossdock exec`: PTX that nvcc made, arrays from files.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayD};
use ndarray_npy::{read_npy, write_npy};

use super::{crossdock_in, text};

/// The path of a stored PTX file.
fn ptx(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/emulator/tests/corpus/ptx/{name}.ptx")
}

fn json(folder: &Path, arguments: &str) -> serde_json::Value {
    let output = crossdock_in(folder, &format!("exec --json {arguments}"));
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn arrays_go_in_and_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let x: Array1<f32> = (0..1000).map(|i| i as f32 / 8.0).collect();
    let y: Array1<f32> = (0..1000).map(|i| (i % 7) as f32).collect();
    write_npy(at("x.npy"), &x).expect("written");
    write_npy(at("y.npy"), &y).expect("written");
    let file = ptx("elementwise.sm_90");
    let saxpy = format!(
        "{file} --kernel saxpy --grid 4 --block 256 --arg f32:2 --arg in:x.npy --arg inout:y.npy --arg i32:1000"
    );
    let report = json(folder.path(), &saxpy);
    assert_eq!(report["kernel"], "saxpy");
    assert_eq!(report["bytes"]["hbm_written"], 4000);
    assert_eq!(report["outputs"][0]["type"], "float32");
    let result: Array1<f32> = read_npy(at("y.npy")).expect("an array");
    assert_eq!(result, 2.0 * &x + &y);
    // The same sums in another order, on another GPU than the array's.
    let x: Array2<i32> = Array2::from_shape_fn((30, 20), |(i, j)| (i * 100 + j) as i32);
    write_npy(at("m.npy"), &x).expect("written");
    let transpose = format!(
        "{} --kernel transpose --grid 2x2 --block 16x16 --gpus 2 --gpu 1 --schedule-seed 7 --arg in@0:m.npy \
         --arg out@1:t.npy:20x30:int32 --arg i32:30 --arg i32:20",
        ptx("spaces.sm_100a")
    );
    let report = json(folder.path(), &transpose);
    assert_eq!(report["bytes"]["nvlink"][0]["read"], 2400);
    assert_eq!(read_npy::<_, Array2<i32>>(at("t.npy")).expect("an array"), x.t());
    let output = crossdock_in(folder.path(), &format!("exec {saxpy}"));
    assert!(text(&output.stdout).contains("y.npy: float32 [1000]"), "{}", text(&output.stdout));
}

#[test]
fn kernels_of_device_code_run_in_three_dimensions_with_dynamic_shared_memory() {
    const KERNEL: &str = "#[kernel(threads = (16, 4), grid_dimensions = 3)]
        fn shapes(words: Global<u32>) {
            let all = dynamic_shared::<u32>();
            all.at(thread_in_block()).write(all.len() as u32 * 1000 + thread_y());
            words.at(block_in_grid() * 64 + thread_in_block()).write(all.at(thread_in_block()).read());
        }";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("k.rs"), KERNEL).expect("written");
    let output = crossdock_in(folder.path(), "ptx --file k.rs --list");
    assert_eq!(
        text(&output.stdout),
        "shapes(words: Global<u32>) threads = (16, 4), grid_dimensions = 3\n",
        "{}",
        text(&output.stderr)
    );
    let output = crossdock_in(folder.path(), "ptx --file k.rs");
    std::fs::write(folder.path().join("k.ptx"), &output.stdout).expect("written");
    let run =
        "k.ptx --kernel shapes --grid 2x3x4 --block 16x4 --shared 256 --arg out:words.npy:24x4x16:uint32";
    json(folder.path(), run);
    let words: ArrayD<u32> = read_npy(folder.path().join("words.npy")).expect("an array");
    let expected = ArrayD::from_shape_fn(vec![24, 4, 16], |place| 64_000 + place[1] as u32);
    assert_eq!(words, expected);
    for (wrong, sentence) in [
        (run.replace("--block 16x4", "--block 4x16"), "block [4, 16, 1]; `.reqntid` requires [16, 4, 1]"),
        (run.replace("--shared 256", "--shared 128"), "trap"),
    ] {
        let output = crossdock_in(folder.path(), &format!("exec {wrong}"));
        assert!(text(&output.stderr).contains(sentence), "{wrong}: {}", text(&output.stderr));
    }
}

#[test]
fn threads_print_and_mistakes_have_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    write_npy(at("x.npy"), &Array1::from(vec![17i32, -3])).expect("written");
    write_npy(at("y.npy"), &Array1::from(vec![1.5f64, 2.0])).expect("written");
    let file = ptx("printing.sm_90");
    let arguments = "--block 32 --arg in:x.npy --arg in:y.npy --arg i32:2";
    let report = json(folder.path(), &format!("{file} --kernel print_values {arguments}"));
    let printed = report["printed"].as_str().expect("text");
    assert!(printed.contains("1:    -3|2.00  |negative|b|fffffffd|"), "{printed}");
    let failed =
        crossdock_in(folder.path(), &format!("exec {file} --kernel check_values --block 2 --arg in:x.npy"));
    assert_eq!(failed.status.code(), Some(1));
    let message = text(&failed.stderr);
    assert!(message.contains("assertion failed") && message.contains("PTX line"), "{message}");
    let outside = format!(
        "exec {} --kernel saxpy --block 64 --arg f32:1 --arg in:x.npy --arg zeros:8 --arg i32:64",
        ptx("elementwise.sm_90")
    );
    let failed = crossdock_in(folder.path(), &outside);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("out of bounds: read of 4 bytes"), "{}", text(&failed.stderr));
}

#[test]
fn bad_input_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    write_npy(at("x.npy"), &ArrayD::<f32>::zeros(vec![4])).expect("written");
    std::fs::write(at("k.ptx"), ".version 8.0\n.target sm_90\n.address_size 64\n.entry k() { mma.sync; }")
        .expect("written");
    std::fs::copy(ptx("elementwise.sm_90"), at("e.ptx")).expect("copied");
    for (arguments, sentence) in [
        ("missing.ptx --kernel k", "missing.ptx: No such file"),
        ("k.ptx --kernel k", "k.ptx: line 4: unknown instruction `mma`"),
        ("e.ptx --kernel absent", "no kernel named `absent`"),
        ("e.ptx --kernel saxpy --arg f32:1", "1 arguments; the kernel has 4 parameters"),
        ("e.ptx --kernel saxpy --arg f64:1 --arg zeros:4 --arg zeros:4 --arg i32:1", "has 8 bytes"),
        ("e.ptx --kernel saxpy --arg f32:one", "`one` is not a number of type f32"),
        ("e.ptx --kernel saxpy --arg in:none.npy", "none.npy: No such file"),
        ("e.ptx --kernel saxpy --arg in@3:x.npy", "--arg number 1: GPU 3 does not exist; the machine has 1"),
        ("e.ptx --kernel saxpy --arg out:y.npy:4:single", "there is no type `single`"),
        ("e.ptx --kernel saxpy --grid 0", "`0` is not a number from 1"),
        (
            "e.ptx --kernel saxpy --grid 2,2",
            "`2,2` is not a number from 1 to 4294967295: write X, XxY or XxYxZ",
        ),
        ("e.ptx --kernel saxpy --block 1x2x3x4", "`1x2x3x4` has more than three dimensions"),
        (
            "e.ptx --kernel saxpy --block 1x1x96 --arg f32:1 --arg zeros:4 --arg zeros:4 --arg i32:1",
            "at most 64 threads fit along z",
        ),
        (
            "e.ptx --kernel saxpy --shared 232449 --arg f32:1 --arg zeros:4 --arg zeros:4 --arg i32:1",
            "a block has at most 232448",
        ),
        ("e.ptx --kernel saxpy --gpus 0", "gpus is 0"),
        (
            "e.ptx --kernel saxpy --block 2000 --arg f32:1 --arg zeros:4 --arg zeros:4 --arg i32:1",
            "at most 1024 fit",
        ),
    ] {
        let output = crossdock_in(folder.path(), &format!("exec {arguments}"));
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        assert!(message.contains(sentence), "{arguments}: {message}");
        assert_eq!(text(&output.stdout), "", "{arguments}");
    }
    assert!(!at("y.npy").exists());
}

#[test]
fn schedules_are_enumerated_recorded_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let kernel = |name: &str, store: &str| {
        format!(
            ".visible .entry {name}(.param .u64 word) {{ .reg .b32 %r<3>; .reg .b64 %rd<2>; ld.param.u64 %rd1, [word];\n\
             ld.relaxed.gpu.global.u32 %r1, [%rd1];\nadd.u32 %r1, %r1, 1;\n{store} [%rd1], %r1;\nret; }}\n"
        )
    };
    let (lost, race) = (kernel("lost", "st.relaxed.gpu.global.u32"), kernel("race", "st.global.u32"));
    let text_of_both = format!(".version 8.0\n.target sm_90\n.address_size 64\n{lost}{race}");
    std::fs::write(folder.path().join("k.ptx"), text_of_both).expect("a file");
    let exec = |arguments: &str| {
        crossdock_in(folder.path(), &format!("exec k.ptx --grid 2 --arg out:y.npy:1:uint32 {arguments}"))
    };
    // Two increments of one word give 2, or 1 if one of them is lost.
    let all = exec("--kernel lost --exhaustive --json");
    let report: serde_json::Value = serde_json::from_slice(&all.stdout).expect("one JSON object");
    assert_eq!((&report["exhausted"], &report["distinct_results"]), (&true.into(), &2.into()));
    let found = exec("--kernel race --exhaustive --record found.txt");
    assert_eq!(found.status.code(), Some(1));
    let again = exec("--kernel race --replay found.txt --json");
    assert_eq!(again.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&again.stdout).expect("one JSON object");
    assert!(report["failure"].as_str().is_some_and(|failure| failure.contains("data race")), "{report}");
    assert_eq!(report["policy"], "replay:found.txt");
    // Any policy's decisions can be repeated.
    let first = exec("--kernel lost --policy priorities:2 --schedule-seed 3 --record s.txt");
    let result: Array1<u32> = read_npy(folder.path().join("y.npy")).expect("an array");
    let second = exec("--kernel lost --replay s.txt");
    assert_eq!((first.status.code(), &first.stdout), (second.status.code(), &second.stdout));
    assert_eq!(read_npy::<_, Array1<u32>>(folder.path().join("y.npy")).expect("an array"), result);
    for (arguments, sentence) in [
        ("--kernel lost --replay k.ptx", "a recorded schedule begins with"),
        ("--kernel lost --policy fast", "write fair, priorities or priorities:CHANGES"),
        ("--kernel lost --exhaustive --replay s.txt", "cannot be used with"),
    ] {
        let refused = exec(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments}");
        assert!(text(&refused.stderr).contains(sentence), "{}", text(&refused.stderr));
    }
}

/// Blocks in clusters know their rank, and store to one word: a race, unless nobody looks.
#[test]
fn clusters_are_launched_and_checks_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let kernel = ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry ranks(.param .u64 out)\n{\n\
        .reg .b32 %r<4>;\n.reg .b64 %rd<4>;\nld.param.u64 %rd1, [out];\nmov.u32 %r1, %ctaid.x;\n\
        mov.u32 %r2, %cluster_ctarank;\nmul.wide.u32 %rd2, %r1, 4;\nadd.u64 %rd2, %rd1, %rd2;\n\
        st.global.u32 [%rd2], %r2;\nst.global.u32 [%rd1+24], %r1;\nret;\n}\n";
    std::fs::write(at("ranks.ptx"), kernel).expect("written");
    let run = "ranks.ptx --kernel ranks --grid 6 --cluster 3 --arg out:y.npy:7:int32";
    let checked = crossdock_in(folder.path(), &format!("exec {run}"));
    assert!(!checked.status.success());
    assert!(text(&checked.stderr).contains("data race"), "{}", text(&checked.stderr));
    json(folder.path(), &format!("{run} --unchecked"));
    let ranks: Array1<i32> = read_npy(at("y.npy")).expect("an array");
    assert_eq!(ranks.as_slice().expect("contiguous")[..6], [0, 1, 2, 0, 1, 2]);
    let wrong = crossdock_in(
        folder.path(),
        &format!("exec {} --unchecked", run.replace("--cluster 3", "--cluster 4")),
    );
    assert!(text(&wrong.stderr).contains("cannot be divided into clusters"), "{}", text(&wrong.stderr));
}

//! Runs that end well, and the other subcommands.

use std::process::Stdio;

use super::{crossdock, text, verified, verified_in};

#[test]
fn unusual_shapes_are_verified() {
    for arguments in [
        "--gpus-per-node 6 --tokens 17 --hidden 2880 --experts 96 --top-k 10 --wire fp8",
        "--gpus-per-node 3 --experts 9 --top-k 1 --tokens 1",
        "--tokens 0",
        "--tokens 5 --hidden 64 --routing one-expert",
        "--tokens 5 --hidden 64 --routing zipf:1.5 --expert identity",
        "--tokens 5 --hidden 64 --groups 8 --top-groups 4",
        "--tokens 5 --hidden 80 --wire fp8 --expert identity",
        "--tokens 5 --hidden 80 --wire fp8(e5m2,block:128,scale:ue8m0) --target sm_80",
        "--tokens 5 --hidden 144 --wire fp8(e4m3,block:32,scale:power_of_two) --pre-quantised --layout by_expert(alignment:8)",
        "--tokens 5 --hidden 80 --wire fp8(e4m3,block:7,scale:f32)",
        "--tokens 5 --hidden 72 --wire opaque(row:48,sides:[5,3]) --layout masked(capacity:40)",
        "--gpus-per-node 1 --tokens 5 --hidden 64 --experts 8",
    ] {
        verified(arguments);
    }
}

/// DeepSeek-V3 on eight ranks. What does not depend on tokens weighs still less with more of them.
#[test]
fn bytes_are_near_the_fewest_possible() {
    for wire in ["bf16", "fp8"] {
        let run = verified(&format!("--tokens 88 --wire {wire}"));
        for stage in ["dispatch", "combine"] {
            let bytes = |name: &str| run[stage]["bytes"][name].as_f64().expect("a number");
            let (nvlink, hbm) = (bytes("nvlink") / bytes("nvlink_bound"), bytes("hbm") / bytes("hbm_bound"));
            assert!((1.0..=1.02).contains(&nvlink), "{wire}, {stage}: NVLink {nvlink}");
            assert!((1.0..=1.15).contains(&hbm), "{wire}, {stage}: HBM {hbm}");
        }
    }
}

#[test]
fn the_plan_follows_from_shape_model_and_flag_and_changes_no_bit() {
    let shape = "--tokens 30 --hidden 64 --layout by_expert(alignment:4)";
    let plan = |arguments: &str| {
        let run = verified(&format!("{shape} {arguments}"));
        let taken = ["dispatch", "combine"]
            .map(|stage| run["plan"][stage]["multiprocessors"].as_u64().expect("a number"));
        let blocks = run["combine"]["activity"]["blocks"].as_u64().expect("a number");
        assert!(blocks <= taken[1], "{arguments}: {blocks} blocks of {taken:?}");
        (taken, run["hash"].clone())
    };
    let (automatic, hash) = plan("");
    assert!(automatic.iter().all(|taken| (1..=66).contains(taken)), "{automatic:?}");
    let (faster, same) = plan("--model b200");
    assert!(faster[0] > automatic[0], "{faster:?} with faster links, {automatic:?} without");
    assert_eq!(same, hash);
    for (flag, taken) in
        [("--sms 2", [2, 2]), ("--sms all", [132, 132]), ("--sms all --model b200", [148, 148])]
    {
        assert_eq!(plan(flag), (taken, hash.clone()), "{flag}");
    }
}

#[test]
fn the_result_depends_on_the_seed_and_not_on_the_schedule() {
    let hash = |arguments: &str| {
        let shape = "--gpus-per-node 4 --tokens 9 --hidden 64 --experts 32 --top-k 5";
        verified(&format!("{shape} {arguments}"))["hash"].as_str().expect("a hash").to_owned()
    };
    let first = hash("");
    for seed in 1..=10 {
        assert_eq!(hash(&format!("--schedule-seed {seed}")), first, "schedule seed {seed}");
    }
    assert_ne!(hash("--seed 2"), first);
}

#[test]
fn many_ranks_give_the_same_result_in_every_order() {
    let shape = "--gpus-per-node 33 --experts 33 --top-k 1 --hidden 16 --tokens 5";
    let first = verified(shape)["hash"].clone();
    for seed in 1..=24 {
        let hash = &verified(&format!("{shape} --schedule-seed {seed}"))["hash"];
        assert_eq!(*hash, first, "schedule seed {seed}");
    }
}

/// Every rank waits for 63 others, in an order that once left warps asleep.
#[test]
fn sixty_four_ranks_end_in_a_shuffled_order() {
    verified(
        "--gpus-per-node 64 --experts 64 --top-k 1 --hidden 16 --tokens 40 --wire fp8 --schedule-seed 9",
    );
}

#[test]
fn experts_are_scaled_unless_the_output_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let expert = |arguments: &str| {
        let shape = "--gpus-per-node 2 --tokens 3 --hidden 16 --experts 4 --top-k 2";
        let report = verified_in(folder.path(), &format!("{shape} {arguments}"));
        (report["expert"].as_str().expect("a word").to_owned(), report["hash"].clone())
    };
    let (scaled, identity) = (expert("--expert scaled"), expert("--expert identity"));
    assert_eq!((&*scaled.0, &*identity.0), ("scaled", "identity"));
    assert_ne!(scaled.1, identity.1);
    assert_eq!(expert(""), scaled);
    assert_eq!(expert("--output y.npy"), identity);
    assert_eq!(expert("--output y.npy --expert scaled"), scaled);
}

#[test]
fn json_has_counts_bytes_and_bounds() {
    let report = verified("--gpus-per-node 4 --tokens 8 --hidden 256 --experts 16 --top-k 4");
    assert_eq!(report["ranks"], 4);
    let number = |path: &str| {
        report.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("{path}"))
    };
    for stage in ["/dispatch", "/combine"] {
        assert!(number(&format!("{stage}/warp_instructions")) > 0.0);
        assert!(number(&format!("{stage}/rows")) >= 32.0, "every token goes somewhere");
        for memory in ["nvlink", "hbm"] {
            let (moved, bound) = (
                number(&format!("{stage}/bytes/{memory}")),
                number(&format!("{stage}/bytes/{memory}_bound")),
            );
            assert!(bound > 0.0 && moved >= bound, "{stage} {memory}: {moved} of at least {bound}");
        }
    }
    assert!(
        number("/seconds/emulate") > 0.0
            && number("/seconds/specialise") > 0.0
            && number("/seconds/host") >= 0.0
    );
    // Every row that is sent is received.
    let ranks = report["per_rank"].as_array().expect("one entry per rank");
    let sum = |key: &str| ranks.iter().map(|rank| rank[key].as_u64().expect("a count")).sum::<u64>();
    assert_eq!(sum("rows_sent"), sum("rows_received"));
    assert_eq!(sum("tokens_sent"), 32);
    assert!(ranks.iter().all(|rank| rank["links"].as_array().is_some_and(|links| links.len() == 3)));
}

#[test]
fn tables_end_with_the_verdict() {
    let output = crossdock("run --gpus-per-node 2 --tokens 3 --hidden 64 --experts 4 --top-k 2");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let text = text(&output.stdout);
    assert!(
        text.starts_with("2 rank(s), 3 tokens each, hidden 64, top-2 of 4 scaled experts, bf16\n"),
        "{text}"
    );
    assert!(text.contains("min / median / max") && text.contains("bytes per link"), "{text}");
    assert!(text.ends_with("\nverified\n"), "{text}");
}

#[test]
fn ptx_is_made_for_a_target() {
    let made = crossdock("ptx --kernel count --target sm_90a --ptx-version 8.6");
    assert!(text(&made.stdout).starts_with(".version 8.6\n.target sm_90a\n"), "{}", text(&made.stdout));
    let made = crossdock("ptx --kernel count --target sm_120");
    assert!(text(&made.stdout).starts_with(".version 8.8\n.target sm_120\n"), "{}", text(&made.stdout));
}

#[test]
fn ptx_lists_and_prints_kernels() {
    let list = crossdock("ptx --list");
    assert_eq!(
        (text(&list.stdout), list.status.code()),
        ("router\ncount\nlayout\ndispatch\ncombine\nbegin_round\ngive_up\ngradient\n", Some(0))
    );
    for kernel in text(&list.stdout).lines() {
        let output =
            crossdock(&format!("ptx --kernel {kernel} --hidden 2880 --top-k 10 --experts 96 --wire fp8"));
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with(".version"), "{kernel}");
        assert!(text(&output.stdout).contains(&format!(".visible .entry {kernel}(")), "{kernel}");
    }
}

#[test]
fn the_router_kernel_routes_and_is_verified() {
    let shape = "--gpus-per-node 4 --tokens 6 --hidden 64";
    for arguments in [
        "--experts 64 --top-k 6 --router sigmoid --groups 8 --top-groups 3 --scaling 2.5",
        "--experts 20 --top-k 3 --router softmax --routing zipf:1.5 --wire fp8",
        "--experts 8 --top-k 2 --router plain",
    ] {
        let report = verified(&format!("{shape} {arguments}"));
        assert!(report["router"]["warp_instructions"].as_u64().is_some_and(|count| count > 0), "{arguments}");
    }
    let hash =
        |arguments: &str| verified(&format!("{shape} --experts 16 --top-k 2 {arguments}"))["hash"].clone();
    assert_ne!(hash("--router sigmoid"), hash("--router sigmoid --scaling 2"));
    let output = crossdock(&format!("run {shape} --experts 16 --top-k 2 --router softmax"));
    let text = text(&output.stdout);
    assert!(text.contains("\nsoftmax router: 1 of 1 groups, ") && text.ends_with("\nverified\n"), "{text}");
}

#[test]
fn router_flags_that_cannot_be_say_why() {
    for (arguments, sentence) in [
        (
            "--router sigmoid --routing one-expert",
            "--router chooses different experts for a token: it goes with",
        ),
        ("--router softmax --experts 4096", "--router: experts must be 1 to 2048: 4096 is not"),
        ("--router softmax --groups 64 --top-groups 64", "--router: groups must be 1 to 32"),
        ("--router softmax --scaling inf", "a factor is a finite number, such as 2.5"),
        ("--scaling 2", "--router"),
    ] {
        let output = crossdock(&format!("run --tokens 1 --hidden 64 {arguments}"));
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(text(&output.stderr).contains(sentence), "{arguments}: {}", text(&output.stderr));
    }
    let output = crossdock("ptx --kernel router --groups 3");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("experts must be a multiple of groups (3): 256 is not"));
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_crossdock"))
        .args(["ptx", "--kernel", "dispatch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the tool ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn doctor_states_what_is_there_and_never_fails() {
    let output = crossdock("doctor --json");
    assert!(output.status.success());
    let examination: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let findings = examination["findings"].as_array().expect("findings");
    let subjects: Vec<_> = findings.iter().filter_map(|finding| finding["subject"].as_str()).collect();
    assert_eq!(subjects, ["emulator", "driver", "ptxas", "libfabric"]);
    assert!(
        findings.iter().all(|finding| finding["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty()))
    );

    // What cannot be asked here is said.
    let topology = &examination["topology"];
    let absent = topology["absent"].as_array().expect("sentences");
    if let Err(error) = crossdock::host::gpus() {
        assert!(absent.contains(&error.to_string().into()), "{topology}");
        assert!(topology["gpus"].as_array().is_some_and(|gpus| gpus.iter().all(|gpu| gpu["cuda"].is_null())));
    }
    for list in ["gpus", "gpu_pairs", "network_devices", "numa_nodes"] {
        assert!(topology[list].is_array(), "{list} of {topology}");
    }

    let without = assert_cmd::cargo::cargo_bin_cmd!("crossdock")
        .arg("doctor")
        .env("PTXAS", "/nowhere/ptxas")
        .output()
        .expect("the tool starts");
    assert!(without.status.success());
    assert!(text(&without.stdout).contains("no ptxas (/nowhere/ptxas"), "{}", text(&without.stdout));
}

#[test]
fn a_round_runs_on_gpus_or_says_that_there_are_none() {
    let output =
        crossdock("run --backend cuda --gpus-per-node 2 --tokens 9 --hidden 64 --experts 8 --top-k 3 --json");
    match crossdock::host::gpus() {
        Ok(_) => assert!(text(&output.stdout).contains("\"verified\":true"), "{}", text(&output.stderr)),
        Err(error) => {
            assert_eq!(output.status.code(), Some(2));
            assert!(text(&output.stderr).contains(&error.to_string()), "{}", text(&output.stderr));
        }
    }
}

/// More arrives than the layout has room for: nothing is wrong with the flags, and the round fails.
#[test]
fn a_round_that_overflows_exits_with_1() {
    let flags = "--gpus-per-node 8 --tokens 16 --hidden 128 --experts 8 --top-k 1 --routing one-expert";
    let output = crossdock(&format!("run {flags} --layout masked(capacity:64)"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: the round failed: selections of expert 0 of rank 0: 128 in this round, and the dock has room for 64\n"
    );
}

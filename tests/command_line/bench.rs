//! `crossdock bench` on virtual GPUs: every code path but the driver's.

use serde_json::Value;

use super::{crossdock, text};

const SHAPE: &str = "--gpus-per-node 4 --hidden 256 --experts 16 --top-k 4";

/// The rows of a run that must succeed.
fn rows(arguments: &str) -> Vec<Value> {
    let output = crossdock(&format!("bench --json {arguments}"));
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{arguments}");
    let rows =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("one object a line"));
    rows.collect()
}

fn operations(rows: &[Value]) -> Vec<(&str, u64, Option<&str>)> {
    rows.iter()
        .map(|row| {
            let tokens = row["tokens"].as_u64().expect("a number");
            (row["operation"].as_str().expect("a word"), tokens, row["sms"].as_str())
        })
        .collect()
}

#[test]
fn every_operation_is_measured_for_every_number_of_tokens_and_multiprocessors() {
    let found = rows(&format!("{SHAPE} --wire fp8 --tokens 1,6 --sms 2,all"));
    let expected: Vec<_> = [1, 6]
        .into_iter()
        .flat_map(|tokens| {
            let rounds = ["2", "all"].into_iter().flat_map(move |sms| {
                ["dispatch", "dispatch-cached", "combine"].map(|operation| (operation, tokens, Some(sms)))
            });
            let others =
                ["router", "quantise", "copy", "peer-copy"].map(|operation| (operation, tokens, None));
            rounds.chain(others)
        })
        .collect();
    assert_eq!(operations(&found), expected);
    for row in &found {
        let number = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field} of {row}"));
        assert_eq!(
            (&row["backend"], &row["gpu"], &row["driver"]),
            (&"emulator".into(), &Value::Null, &Value::Null)
        );
        // Time is virtual: cycles and a model, no seconds and no rates.
        for absent in ["seconds", "host_seconds", "memory_bytes_per_second", "share_of_copy"] {
            assert_eq!(row[absent], Value::Null, "{absent} of {row}");
        }
        assert!(row["model"]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{row}");
        assert!(number("memory_bytes") + number("link_bytes") > 0.0, "{row}");
        assert!(row["date"].as_str().is_some_and(|date| date.ends_with('Z')), "{row}");
        let is_copy = row["operation"].as_str().is_some_and(|operation| operation.ends_with("copy"));
        assert_eq!(row["cycles"]["median"].as_f64().expect("a number") > 0.0, !is_copy, "{row}");
        assert_eq!(row["warp_instructions"].as_u64().is_some_and(|count| count > 0), !is_copy, "{row}");
    }
}

/// The same bytes whatever the multiprocessors, and less time with more of them.
#[test]
fn bytes_do_not_depend_on_multiprocessors_and_the_model_does() {
    let found =
        rows("--gpus-per-node 2 --hidden 2048 --experts 8 --top-k 2 --tokens 48 --only combine --sms 1,8");
    let [few, many] = &found[..] else { panic!("{found:?}") };
    assert_eq!(few["memory_bytes"], many["memory_bytes"]);
    assert_eq!(few["link_bytes"], many["link_bytes"]);
    assert_eq!((&few["multiprocessors"], &many["multiprocessors"]), (&1.into(), &8.into()));
    let seconds = |row: &Value| row["model"]["seconds"].as_f64().expect("a number");
    assert!(seconds(few) > seconds(many), "{} and {}", few["model"], many["model"]);
}

#[test]
fn iterations_are_counted_and_one_rank_needs_no_peer() {
    let found =
        rows("--gpus-per-node 1 --hidden 64 --experts 4 --top-k 2 --tokens 3 --iterations 3 --warm-up 1");
    let names: Vec<_> = operations(&found).into_iter().map(|(operation, ..)| operation).collect();
    assert_eq!(names, ["dispatch", "dispatch-cached", "combine", "router", "copy"]);
    for row in &found {
        assert_eq!(
            (&row["iterations"], &row["warm_up"], &row["link_bytes"]),
            (&3.into(), &1.into(), &0.into())
        );
    }
    let kernels = found[0]["kernel_cycles"].as_object().expect("cycles by kernel");
    assert_eq!(kernels.keys().collect::<Vec<_>>(), ["count", "dispatch", "layout"]);
}

/// Rows of every wire format are in device memory before.
#[test]
fn every_wire_format_and_layout_is_measured() {
    for flags in [
        "--wire opaque(row:48,sides:[5,3]) --hidden 72 --layout masked(capacity:64)",
        "--wire fp8(e5m2,block:80,scale:ue8m0) --hidden 160",
    ] {
        let found = rows(&format!(
            "--gpus-per-node 2 --experts 4 --top-k 3 {flags} --tokens 5 --only dispatch,dispatch-cached,combine --warm-up 1"
        ));
        let names: Vec<_> = operations(&found).into_iter().map(|(operation, ..)| operation).collect();
        assert_eq!(names, ["dispatch", "dispatch-cached", "combine"], "{flags}");
    }
}

#[test]
fn the_table_names_machine_and_shape() {
    let output =
        crossdock(&format!("bench {SHAPE} --tokens 4 --layout by_expert(alignment:8) --routing zipf:1.2"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let text = text(&output.stdout);
    assert!(
        text.starts_with(
            "4 ranks on virtual GPUs, which count; times are those of a model of H100 SXM, sm_90; hidden 256, top-4 of 16 experts, bf16, layout by_expert(alignment: 8), routes zipf:1.2; 1 iteration(s)\n"
        ),
        "{text}"
    );
    assert!(text.contains("dispatch-cached") && text.contains("H100 SXM"), "{text}");
}

#[test]
fn what_cannot_be_measured_is_explained() {
    for (arguments, sentence) in [
        ("--top-k 9 --experts 8", "--top-k 9 is more than --experts 8"),
        ("--experts 12", "experts must be a multiple of the number of ranks"),
        ("--only quantise", "give --wire fp8"),
        ("--only everything", "invalid value 'everything'"),
        ("--sms 0", "expected auto, all, or a number from 1"),
        ("--sms 9999", "--sms must be 1 to 132: 9999 is not"),
        ("--sms 4,133", "--sms must be 1 to 132: 133 is not"),
        ("--tokens 0", "0 is not in 1..=1048576"),
        ("--tokens 1048576", "needs about"),
        ("--model h900", "use h100, h200, b200"),
    ] {
        let output = crossdock(
            &format!("bench --hidden 64 --tokens 1 {arguments}").replace("--tokens 1 --tokens", "--tokens"),
        );
        assert_eq!(output.status.code(), Some(2), "{arguments}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(sentence), "{arguments}: {}", text(&output.stderr));
    }
}

#[test]
fn gpus_are_measured_or_their_absence_is_said() {
    let output =
        crossdock(&format!("bench --backend cuda {SHAPE} --tokens 4 --iterations 2 --warm-up 0 --json"));
    match crossdock::host::gpus() {
        Ok(_) => {
            for line in text(&output.stdout).lines() {
                let row: Value = serde_json::from_str(line).expect("one object a line");
                assert!(row["seconds"]["median"].as_f64().is_some_and(|seconds| seconds > 0.0), "{row}");
            }
        }
        Err(error) => {
            assert_eq!(output.status.code(), Some(2));
            assert!(text(&output.stderr).contains(&error.to_string()), "{}", text(&output.stderr));
        }
    }
}

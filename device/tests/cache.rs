//! Kernels kept on disk: used by the next process, shared by processes that run at once, made again
//! when damaged.
//!
//! Which folder is used is a matter of the whole process, so each test runs
//! [`process_with_a_folder`] in processes of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crossdock_device::{KernelSet, Shape, Wire, cache};

const SHAPE: Shape = Shape { hidden: 512, top_k: 3, experts: 12, wire: Wire::FP8 };

/// What a process that keeps its kernels in a folder does: specialise, and write all PTX to a file.
#[test]
#[ignore = "the other tests run it, with the folder and the file in its environment"]
fn process_with_a_folder() {
    let folder = PathBuf::from(std::env::var_os("CACHE_FOLDER").expect("the folder"));
    cache::use_folder(&folder).expect("a folder");
    if std::env::var_os("CACHE_REMOVE").is_some() {
        fs::remove_dir_all(&folder).expect("the folder goes");
    }
    let set = KernelSet::jit(SHAPE).expect("a legal shape");
    let text: String = set.ptx().iter().map(|(_, ptx)| *ptx).collect();
    fs::write(std::env::var_os("CACHE_OUTPUT").expect("the file"), text).expect("written");
}

fn start(folder: &Path, output: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "process_with_a_folder", "--ignored"]);
    command.env("CACHE_FOLDER", folder).env("CACHE_OUTPUT", output).stdout(Stdio::null());
    command
}

fn run(folder: &Path, output: &Path) -> String {
    assert!(start(folder, output).status().expect("it starts").success());
    fs::read_to_string(output).expect("its output")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

/// What the kernels are when nothing is kept on disk.
fn expected() -> String {
    let set = KernelSet::jit(SHAPE).expect("a legal shape");
    set.ptx().iter().map(|(_, ptx)| *ptx).collect()
}

fn kernels() -> usize {
    KernelSet::jit(SHAPE).expect("a legal shape").ptx().len()
}

const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

fn make_old(path: &Path) {
    let file = fs::File::options().write(true).open(path).expect("the entry");
    file.set_modified(SystemTime::UNIX_EPOCH + LONG_AGO).expect("its time is set");
}

fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified()).expect("the entry");
    modified == SystemTime::UNIX_EPOCH + LONG_AGO
}

#[test]
fn the_next_process_uses_what_is_kept_and_repairs_what_is_damaged() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, output) = (place.path().join("deep/inside"), place.path().join("ptx"));
    assert_eq!(run(&folder, &output), expected());
    let kept = entries(&folder);
    assert_eq!(kept.len(), kernels(), "one entry for each kernel: {kept:?}");
    let contents: Vec<Vec<u8>> = kept.iter().map(|path| fs::read(path).expect("read")).collect();

    fs::write(&kept[0], b"not a kernel").expect("written");
    fs::write(&kept[1], &contents[1][..contents[1].len() / 2]).expect("written");
    kept.iter().for_each(|path| make_old(path));
    assert_eq!(run(&folder, &output), expected());
    assert_eq!(entries(&folder), kept);
    let again: Vec<Vec<u8>> = kept.iter().map(|path| fs::read(path).expect("read")).collect();
    assert_eq!(again, contents);
    // What was whole was not written again.
    let written: Vec<&PathBuf> = kept.iter().filter(|path| !is_old(path)).collect();
    assert_eq!(written, [&kept[0], &kept[1]]);
}

#[test]
fn processes_that_run_at_once_share_a_folder() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("kept");
    let outputs: Vec<PathBuf> = (0..4).map(|process| place.path().join(format!("ptx-{process}"))).collect();
    let running: Vec<Child> =
        outputs.iter().map(|output| start(&folder, output).spawn().expect("it starts")).collect();
    for mut process in running {
        assert!(process.wait().expect("it ends").success());
    }
    for output in &outputs {
        assert_eq!(fs::read_to_string(output).expect("its output"), expected());
    }
    assert_eq!(entries(&folder).len(), kernels(), "no temporary file is left");
}

#[test]
fn a_folder_that_takes_nothing_does_no_harm() {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, output) = (place.path().join("gone"), place.path().join("ptx"));
    // For root every folder is writable, so this one is removed once the process has it.
    assert!(start(&folder, &output).env("CACHE_REMOVE", "1").status().expect("it starts").success());
    assert_eq!(fs::read_to_string(&output).expect("its output"), expected());
    assert!(!folder.exists());

    let read_only = place.path().join("read_only");
    fs::create_dir(&read_only).expect("made");
    let mut permissions = fs::metadata(&read_only).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).expect("set");
    assert_eq!(run(&read_only, &output), expected());
}

#[test]
fn a_file_is_no_folder() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = cache::use_folder(file.path()).expect_err("a file").to_string();
    assert!(error.contains("cannot be used as a folder"), "{error}");
}

//! Processes find each other, and whoever is missing, twice there, unknown or killed is named.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crossdock_host::Error;
use crossdock_host::exchange::RankExit;
use crossdock_host::exchange::{Environment, Tcp};

/// Set in the processes that the tests start: what they do.
const PART: &str = "CROSSDOCK_TEST_PART";
const PATIENCE: Duration = Duration::from_secs(20);

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn variables(rank: usize, ranks: usize, port: u16) -> [(&'static str, String); 6] {
    [
        ("RANK", rank.to_string()),
        ("WORLD_SIZE", ranks.to_string()),
        ("LOCAL_RANK", rank.to_string()),
        ("LOCAL_WORLD_SIZE", ranks.to_string()),
        ("MASTER_ADDR", "127.0.0.1".to_owned()),
        ("CROSSDOCK_PORT", port.to_string()),
    ]
}

fn environment(rank: usize, ranks: usize, port: u16) -> Environment {
    let variables = variables(rank, ranks, port);
    let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    Environment::from_variables(lookup).expect("complete variables")
}

/// Runs one program per rank, each on a thread.
fn on_threads<T: Send>(count: usize, program: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let program = &program;
        let threads: Vec<_> = (0..count).map(|rank| scope.spawn(move || program(rank))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// A process of its own: this test binary, where only [`part`] runs.
fn start(rank: usize, ranks: usize, port: u16, part: &str) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["part", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .envs(variables(rank, ranks, port))
        .env(PART, part)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process")
}

/// What the processes of other tests do.
#[test]
#[ignore = "a part of other tests"]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    let environment = Environment::from_env().expect("complete variables");
    let group = match Tcp::join(&environment, PATIENCE) {
        Ok(group) => group,
        Err(error) => return println!("\nANSWER {error}"),
    };
    let first = group.gather("counting", vec![environment.rank as u8]).map(|all| all.concat());
    println!("\nANSWER {first:?}");
    if part == "sleeps" && environment.rank == 2 {
        thread::sleep(Duration::from_secs(600));
    }
    let second = group.gather("going on", Vec::new()).map(|all| all.len()).map_err(|error| error.to_string());
    println!("\nANSWER {second:?}");
    group.leave(RankExit::Finished);
}

/// The next answer of a process.
fn answer(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    while from.read_line(&mut line).expect("text") > 0 {
        if let Some(answer) = line.trim().strip_prefix("ANSWER ") {
            return answer.to_owned();
        }
        line.clear();
    }
    "no answer".to_owned()
}

#[test]
fn eight_processes_meet() {
    let port = free_port();
    // Rank 0 comes last.
    let mut processes: Vec<Child> = (0..8).rev().map(|rank| start(rank, 8, port, "meets")).collect();
    for process in &mut processes {
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        assert_eq!(answer(&mut output), "Ok([0, 1, 2, 3, 4, 5, 6, 7])");
        assert_eq!(answer(&mut output), "Ok(8)");
        // Nobody prints into a closed pipe.
        output.read_to_end(&mut Vec::new()).expect("the rest");
        assert!(process.wait().expect("an end").success());
    }
}

#[test]
fn a_killed_process_is_named() {
    let port = free_port();
    let mut processes: Vec<Child> = (0..4).map(|rank| start(rank, 4, port, "sleeps")).collect();
    let mut outputs: Vec<_> =
        processes.iter_mut().map(|process| BufReader::new(process.stdout.take().expect("piped"))).collect();
    for output in &mut outputs {
        assert_eq!(answer(output), "Ok([0, 1, 2, 3])");
    }
    processes[2].kill().expect("it sleeps");
    for rank in [0, 1, 3] {
        let answer = answer(&mut outputs[rank]);
        assert!(answer.contains("rank 2 failed: the connection to its process was lost"), "{rank}: {answer}");
    }
    for (process, mut output) in processes.iter_mut().zip(outputs) {
        output.read_to_end(&mut Vec::new()).expect("the rest");
        process.wait().expect("an end");
    }
}

#[test]
fn missing_ranks_are_named() {
    let port = free_port();
    let errors = on_threads(2, |rank| {
        Tcp::join(&environment(rank, 4, port), Duration::from_secs(1)).expect_err("two are missing")
    });
    for error in errors {
        assert!(matches!(&error, Error::NotArrived { missing, .. } if *missing == [2, 3]), "{error}");
    }
}

#[test]
fn without_rank_0_the_others_say_where_it_should_be() {
    let port = free_port();
    let error = Tcp::join(&environment(1, 2, port), Duration::from_millis(300)).expect_err("nobody listens");
    assert!(error.to_string().contains(&format!("could not reach rank 0 at 127.0.0.1:{port}")), "{error}");
}

#[test]
fn a_taken_port_is_said_so() {
    let taken = TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let error = Tcp::join(&environment(0, 1, port), PATIENCE).expect_err("it is taken");
    assert!(matches!(error, Error::PortTaken { port: found } if found == port), "{error}");
    assert!(error.to_string().contains("CROSSDOCK_PORT"), "{error}");
}

#[test]
fn another_secret_another_count_and_a_second_process_of_a_rank_are_refused() {
    let port = free_port();
    let shared = |rank, ranks| environment(rank, ranks, port).with_secret("sesame");
    thread::scope(|scope| {
        let group = scope.spawn(|| {
            on_threads(2, |rank| {
                let group = Tcp::join(&shared(rank, 3), PATIENCE).expect("the third comes");
                group.gather("counting", vec![rank as u8]).expect("all are there")
            })
        });
        let refused = |environment: Environment| match Tcp::join(&environment, PATIENCE) {
            Err(Error::Refused { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert!(refused(shared(2, 3).with_secret("mustard")).contains("another CROSSDOCK_SECRET"));
        assert!(refused(environment(2, 3, port)).contains("another CROSSDOCK_SECRET"));
        assert!(refused(shared(2, 4)).contains("it counts 4 ranks, rank 0 counts 3"));
        let third = Tcp::join(&shared(2, 3), PATIENCE).expect("all are there");
        assert!(refused(shared(1, 3)).contains("rank 1 has already joined"));
        assert_eq!(third.gather("counting", vec![2]).expect("all are there"), [[0], [1], [2]]);
        group.join().expect("no panic");
    });
}

#[test]
fn strangers_are_ignored() {
    let port = free_port();
    let stranger = |bytes: &[u8]| {
        let mut connection = loop {
            if let Ok(connection) = TcpStream::connect(("127.0.0.1", port)) {
                break connection;
            }
            thread::sleep(Duration::from_millis(5));
        };
        connection.write_all(bytes).expect("sent");
        connection
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| Tcp::join(&environment(0, 2, port), PATIENCE).expect("both came"));
        // One says nothing, one something else, one announces a gigabyte.
        let _open =
            [stranger(b""), stranger(b"GET / HTTP/1.1\r\n\r\n"), stranger(&[0xff, 0xff, 0xff, 0x3f, 1])];
        let second = Tcp::join(&environment(1, 2, port), PATIENCE).expect("both came");
        drop((first.join().expect("no panic"), second));
    });
}

#[test]
fn different_steps_and_early_ends_are_named() {
    let port = free_port();
    let errors = on_threads(2, |rank| {
        let group = Tcp::join(&environment(rank, 2, port), PATIENCE).expect("both came");
        let purpose = ["opening a dock", "allocating"][rank];
        let error = group.gather(purpose, Vec::new()).expect_err("out of step");
        (group, error)
    });
    for (_, error) in &errors {
        assert!(
            error.to_string().starts_with("rank 0 is in opening a dock while rank 1 is in allocating"),
            "{error}"
        );
    }
    errors[1].0.leave(RankExit::Finished);
    let error = errors[0].0.gather("a barrier", Vec::new()).expect_err("the other ended");
    assert!(matches!(&error, Error::PeerLeft { peer: 1, purpose } if purpose == "a barrier"), "{error}");
}

#[test]
fn a_failure_is_told_to_those_that_wait_at_once() {
    let port = free_port();
    let outcomes = on_threads(3, |rank| {
        let group = Tcp::join(&environment(rank, 3, port), PATIENCE).expect("all came");
        match rank {
            0 => group.gather("a barrier", Vec::new()).map(|_| ()),
            1 => {
                group.leave(RankExit::Failed("out of cheese".to_owned()));
                Ok(())
            }
            // It computes on, and is not waited for.
            _ => {
                thread::sleep(Duration::from_millis(500));
                group.leave(RankExit::Finished);
                Ok(())
            }
        }
    });
    assert_eq!(outcomes[0].as_ref().expect_err("a peer failed").to_string(), "rank 1 failed: out of cheese");
}

#[test]
fn nobody_loses_an_answer_when_rank_0_ends_first() {
    for _ in 0..10 {
        let port = free_port();
        let gathered = on_threads(6, |rank| {
            let group = Tcp::join(&environment(rank, 6, port), PATIENCE).expect("all came");
            let gathered = group.gather("the last step", vec![rank as u8; 100_000]);
            group.leave(RankExit::Finished);
            gathered.expect("an answer").len()
        });
        assert_eq!(gathered, [6; 6]);
    }
}

#[test]
fn variables_that_mean_nothing_are_named() {
    let told = |changes: &[(&str, Option<&str>)]| {
        let mut set: Vec<(&str, String)> = variables(1, 4, 5000).to_vec();
        for &(name, value) in changes {
            set.retain(|(other, _)| *other != name);
            set.extend(value.map(|value| (name, value.to_owned())));
        }
        let lookup =
            |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone());
        Environment::from_variables(lookup).expect_err("something is wrong").to_string()
    };
    for (changes, message) in [
        (&[("RANK", None)][..], "RANK (torchrun) or SLURM_PROCID (Slurm) is not set"),
        (&[("RANK", Some("one"))], "RANK must be a whole number: \"one\" is not"),
        (&[("RANK", Some("4"))], "RANK must be below WORLD_SIZE, which is 4: 4 is not"),
        (&[("WORLD_SIZE", None)], "WORLD_SIZE is not set"),
        (
            &[("LOCAL_WORLD_SIZE", Some("3"))],
            "LOCAL_WORLD_SIZE must be above LOCAL_RANK, which is 1, and divide the 4 ranks",
        ),
        (&[("LOCAL_WORLD_SIZE", Some("0"))], "LOCAL_WORLD_SIZE must be a count of tasks"),
        (&[("MASTER_ADDR", None)], "MASTER_ADDR is not set"),
        (&[("CROSSDOCK_PORT", None)], "MASTER_PORT is not set"),
        (
            &[("CROSSDOCK_PORT", None), ("MASTER_PORT", Some("65535"))],
            "must give a port from 1 to 65535: 65536 is not",
        ),
        (&[("CROSSDOCK_PORT", Some("0"))], "CROSSDOCK_PORT must give a port from 1 to 65535: 0 is not"),
    ] {
        assert!(told(changes).contains(message), "{changes:?}: {}", told(changes));
    }
}

#[test]
fn slurm_says_the_same_in_other_words() {
    let set = [
        ("SLURM_PROCID", "11"),
        ("SLURM_NTASKS", "16"),
        ("SLURM_LOCALID", "3"),
        ("SLURM_TASKS_PER_NODE", "8(x2)"),
        ("SLURM_JOB_NODELIST", "gpu[07-08]"),
        ("SLURM_JOB_ID", "4012345"),
    ];
    let lookup =
        |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
    let environment = Environment::from_variables(lookup).expect("complete");
    assert_eq!(
        (environment.rank, environment.ranks, environment.local_rank, environment.local_ranks),
        (11, 16, 3, 8)
    );
    assert_eq!((environment.host.as_str(), environment.port), ("gpu07", 32_345));
}

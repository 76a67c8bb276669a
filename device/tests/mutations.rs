//! The compiler survives whatever becomes of its own kernels: their tokens, and the text of their
//! IR, are deleted, doubled, exchanged and replaced, and each time there is PTX or a sentence, and
//! never a panic.
//!
//! `CROSSDOCK_FUZZ_SECONDS=300 cargo test -p crossdock-device --test mutations` goes on for longer,
//! with other seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crossdock_codegen::{back, front, ir, text};
use crossdock_device::DeviceModule;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Values that make most relations hold, for kernels that still have const parameters.
const VALUES: [i128; 4] = [8, 256, 2, 1];

/// A shipped device module: its items as they are written, none if a macro writes them, and the
/// modules that they import.
struct Subject {
    path: &'static str,
    items: TokenStream,
    imports: Vec<Vec<ir::Module>>,
    ir: &'static str,
}

fn subjects() -> Vec<Subject> {
    let modules = DeviceModule::shipped();
    modules.iter().map(|(path, module)| subject(path, module)).collect()
}

fn subject(path: &'static str, module: &'static DeviceModule) -> Subject {
    let inside = path.trim_end_matches("::code").replace("::", "/");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let candidates = [folder.join(format!("{inside}.rs")), folder.join(&inside).join("mod.rs")];
    let source = candidates.iter().find_map(|file| std::fs::read_to_string(file).ok()).expect("its source");
    let file = syn::parse_file(&source).expect("it is Rust");
    let code = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "code" => module.content.as_ref(),
        _ => None,
    });
    let items = code.map_or(&[][..], |(_, items)| items);
    assert!(!items.is_empty() || source.contains("macro_rules!"), "{path} has no device module");
    let parse = |text: &&str| text::parse(text).expect("shipped IR is IR");
    Subject {
        path,
        items: items.iter().map(quote::ToTokens::to_token_stream).collect(),
        imports: module.imports.iter().map(|import| import.texts().iter().map(parse).collect()).collect(),
        ir: module.ir,
    }
}

/// All the way to PTX, or to a mistake.
fn compile(subject: &Subject, items: TokenStream) {
    let Ok(file) = syn::parse2::<syn::File>(items) else { return };
    let Ok(dependencies) = front::dependencies(&file.items) else { return };
    // A mutated import leads anywhere: it gets some module.
    let direct: Vec<&ir::Module> = (0..dependencies.len())
        .filter_map(|index| {
            subject.imports.get(index % subject.imports.len().max(1)).map(|modules| &modules[0])
        })
        .collect();
    if direct.len() != dependencies.len() {
        return;
    }
    let all: Vec<&ir::Module> = subject.imports.iter().flatten().collect();
    let place = front::Source { name: "mutated::code", file: "mutated.rs", text: None };
    let Ok(module) = front::lower(&file.items, &place, &direct, &all) else { return };
    let printed = text::print(&module);
    assert_eq!(text::parse(&printed).as_ref(), Ok(&module), "its text says something else");
    specialise(module, &all);
}

fn specialise(module: ir::Module, imports: &[&ir::Module]) {
    let name = module.name.clone();
    let mut modules: Vec<ir::Module> = Vec::new();
    for import in imports.iter().copied().chain([&module]) {
        if !modules.iter().any(|known| known.name == import.name) {
            modules.push(import.clone());
        }
    }
    let Ok(program) = back::link(modules) else { return };
    let _ = back::examine(&program, &name);
    for kernel in program.kernels().into_iter().filter(|kernel| kernel.module == name) {
        let parameters = kernel.const_parameters.iter().zip(VALUES.iter().cycle());
        let parameters: Vec<(&str, i128)> =
            parameters.map(|((name, _), value)| (name.as_str(), *value)).collect();
        let _ = back::specialise(
            &program,
            &format!("{name}::{}", kernel.name),
            &parameters,
            &back::Options::default(),
        );
    }
}

fn count(tokens: &TokenStream) -> usize {
    let inside = |token: TokenTree| match token {
        TokenTree::Group(group) => 1 + count(&group.stream()),
        _ => 1,
    };
    tokens.clone().into_iter().map(inside).sum()
}

/// Changes the token at `target`, counted depth first. `pool` is what may take its place.
fn changed(tokens: TokenStream, target: &mut usize, random: &mut Pcg64, pool: &[TokenTree]) -> TokenStream {
    let mut result = Vec::new();
    let mut held: Option<TokenTree> = None;
    for token in tokens {
        let here = *target == 0;
        *target = target.wrapping_sub(1);
        let token = match token {
            TokenTree::Group(group) if !here => {
                let inside = changed(group.stream(), target, random, pool);
                let mut new = Group::new(group.delimiter(), inside);
                new.set_span(group.span());
                TokenTree::Group(new)
            }
            other => other,
        };
        if here {
            match random.random_range(0..5) {
                0 => {}
                1 => result.extend([token.clone(), token]),
                2 => held = Some(token),
                3 => result.extend(pool.choose(random).cloned()),
                _ => match token {
                    // What is inside comes out, or something else goes around it.
                    TokenTree::Group(group) => result.extend(group.stream()),
                    other => result.push(Group::new(Delimiter::Parenthesis, other.into()).into()),
                },
            }
        } else {
            result.push(token);
            result.extend(held.take());
        }
    }
    result.extend(held);
    result.into_iter().collect()
}

/// All single tokens and small groups of the subjects.
fn pool(subjects: &[Subject]) -> Vec<TokenTree> {
    fn gather(tokens: TokenStream, found: &mut Vec<TokenTree>) {
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                gather(group.stream(), found);
                if count(&group.stream()) > 12 {
                    continue;
                }
            }
            found.push(token);
        }
    }
    let mut found = Vec::new();
    subjects.iter().for_each(|subject| gather(subject.items.clone(), &mut found));
    let extra: TokenStream =
        "match loop & * .. ..= ? |x| x 0xffff_ffff_ffff_ffff_ffff 1e39 'a: break 'a i128 -1 !0"
            .parse()
            .expect("tokens");
    found.extend(extra);
    found
}

/// How long to go on, and from which seed: a short run is the same every time.
fn plan(short: u64) -> (Option<Instant>, u64, u64) {
    match std::env::var("CROSSDOCK_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            (Some(Instant::now() + Duration::from_secs(seconds)), now.as_nanos() as u64, u64::MAX)
        }
        None => (None, 1, short),
    }
}

/// Runs mutations; a panic is reported with what caused it.
fn repeat(short: u64, mut once: impl FnMut(&mut Pcg64) -> Option<String>) {
    let (end, seed, rounds) = plan(short);
    let mut done = 0;
    while done < rounds && end.is_none_or(|end| Instant::now() < end) {
        let mut random = Pcg64::seed_from_u64(seed.wrapping_add(done));
        if let Some(culprit) = once(&mut random) {
            panic!("seed {} makes the compiler panic:\n{culprit}", seed.wrapping_add(done));
        }
        done += 1;
    }
    println!("{done} mutants from seed {seed}");
}

#[test]
fn mutated_kernels() {
    let mut subjects = subjects();
    subjects.retain(|subject| !subject.items.is_empty());
    for subject in &subjects {
        compile(subject, subject.items.clone());
    }
    let pool = pool(&subjects);
    repeat(400, |random| {
        let subject = subjects.choose(random).expect("there are some");
        let mut items = subject.items.clone();
        for _ in 0..random.random_range(1..4) {
            let mut target = random.random_range(0..count(&items).max(1));
            items = changed(items, &mut target, random, &pool);
        }
        let culprit = items.to_string();
        let panicked = catch_unwind(AssertUnwindSafe(|| compile(subject, items))).is_err();
        panicked.then(|| format!("{}: {culprit}", subject.path))
    });
}

#[test]
fn mutated_ir() {
    let subjects = subjects();
    let pieces: Vec<Vec<&str>> = subjects.iter().map(|subject| words(subject.ir)).collect();
    let pool: Vec<&str> = pieces.iter().flatten().copied().collect();
    repeat(400, |random| {
        let chosen = random.random_range(0..subjects.len());
        let mut words = pieces[chosen].clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..words.len());
            match random.random_range(0..4) {
                0 => drop(words.remove(at)),
                1 => words.insert(at, words[at]),
                2 => words.swap(at, random.random_range(0..pieces[chosen].len() - 3)),
                _ => words[at] = pool.choose(random).copied().unwrap_or_default(),
            }
        }
        let text = words.concat();
        let imports: Vec<&ir::Module> = subjects[chosen].imports.iter().flatten().collect();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            if let Ok(module) = text::parse(&text) {
                assert_eq!(text::parse(&text::print(&module)).as_ref(), Ok(&module));
                specialise(module, &imports);
            }
        }));
        panicked.is_err().then_some(text)
    });
}

/// Words, numbers, single signs, and the blanks between them.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}

//! Turns `src/linux/seccomp/{calls,numbers}.toml` into Rust tables, so that no run has to parse them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde::Deserialize;
use toml::Value;

const FOLDER: &str = "src/linux/seccomp";

/// What the `libc` crate does not name on every C library; the tests compare all other old numbers with it.
const NOT_IN_LIBC: &[&str] =
    &["create_module", "get_kernel_syms", "io_pgetevents", "kexec_file_load", "query_module", "uprobe", "uretprobe"];
/// The same for newer calls: `libc` knows only some of them.
const NEWEST_IN_LIBC: u16 = 450;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    allow: Vec<Allow>,
    notify: Vec<Allow>,
    refuse: Vec<Refuse>,
    option: Vec<WithOption>,
    check: Vec<Check>,
    trace: Vec<Allow>,
    change: Vec<Allow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    calls: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    calls: Vec<String>,
    errno: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithOption {
    calls: Vec<String>,
    with: Switch,
    errno: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    call: String,
    why: String,
    otherwise: String,
    clause: Vec<Clause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clause {
    with: Option<Switch>,
    without: Option<Switch>,
    when: Vec<Condition>,
    then: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    argument: u8,
    #[serde(default)]
    wide: bool,
    mask: Option<Value>,
    is: Option<Vec<Value>>,
    any_bit: Option<Vec<Value>>,
    only_bits: Option<Vec<Value>>,
}

/// A field of `pinfold_plan::Seccomp`, or whether it is a command; in the tables the variant of the same name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Switch {
    Command,
    NestedNamespaces,
    InternetSockets,
    UnixSockets,
    #[serde(rename = "system_v_ipc")]
    SystemVIpc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    x86_64: Option<u16>,
    aarch64: Option<u16>,
}

/// One verdict, as Rust text, and the calls that share it.
struct Entry {
    calls: Vec<String>,
    rule: String,
    why: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut calls: Calls = read("calls.toml")?;
    let numbers: BTreeMap<String, Numbers> = read("numbers.toml")?;

    let traced = traced(std::mem::take(&mut calls.trace))?;
    let changing = changing(std::mem::take(&mut calls.change), &traced)?;
    let entries = entries(calls)?;
    let places = places(&entries, &numbers)?;

    let mut text = String::new();
    write_entries(&mut text, &entries)?;
    write_numbers(&mut text, "X86_64", &places, |name| numbers[name].x86_64)?;
    write_numbers(&mut text, "AARCH64", &places, |name| numbers[name].aarch64)?;
    for (table, calls) in [("TRACED", &traced), ("CHANGING", &changing)] {
        write_arguments(&mut text, "X86_64", table, calls, |name| numbers.get(name).map(|call| call.x86_64))?;
        write_arguments(&mut text, "AARCH64", table, calls, |name| numbers.get(name).map(|call| call.aarch64))?;
    }
    match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
        "x86_64" => write_names(&mut text, &numbers, |call| call.x86_64)?,
        "aarch64" => write_names(&mut text, &numbers, |call| call.aarch64)?,
        _ => {}
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("system_calls.rs"), text)?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, Box<dyn Error>> {
    let path = format!("{FOLDER}/{name}");
    println!("cargo::rerun-if-changed={path}");
    toml::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{path}: {error}").into())
}

fn entries(calls: Calls) -> Result<Vec<Entry>, Box<dyn Error>> {
    let mut entries = Vec::new();
    for Allow { calls, why } in calls.allow {
        entries.push(Entry { calls, rule: "Rule::Always(Outcome::Allow)".into(), why });
    }
    for Allow { calls, why } in calls.notify {
        entries.push(Entry { calls, rule: "Rule::Always(Outcome::Notify)".into(), why });
    }
    for Check { call, why, otherwise, clause } in calls.check {
        let clauses: Result<Vec<String>, _> = clause.iter().map(|clause| clause_text(&call, clause)).collect();
        let rule = format!(
            "Rule::Check(&Check {{ clauses: &[{}], otherwise: {} }})",
            clauses?.join(", "),
            outcome(&otherwise)
        );
        entries.push(Entry { calls: vec![call], rule, why });
    }
    for WithOption { calls, with, errno, why } in calls.option {
        entries.push(Entry { calls, rule: format!("Rule::With(Switch::{with:?}, {})", errno_text(&errno)), why });
    }
    for Refuse { calls, errno, why } in calls.refuse {
        entries.push(Entry { calls, rule: format!("Rule::Always({})", outcome(&errno)), why });
    }
    Ok(entries)
}

/// The calls that name paths, each with its arguments as Rust text.
fn traced(groups: Vec<Allow>) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut traced = BTreeMap::new();
    for Allow { calls, why } in groups {
        if why.trim().is_empty() || calls.is_empty() {
            return Err(format!("calls.toml: [[trace]] {calls:?} needs calls and a reason").into());
        }
        for call in calls {
            let parts = call.strip_suffix(')').and_then(|call| call.split_once('('));
            let (name, arguments) = parts.ok_or_else(|| format!("calls.toml: {call} has no arguments"))?;
            let arguments: Result<Vec<String>, _> = arguments.split(", ").map(argument_text).collect();
            let arguments = arguments.map_err(|error| format!("calls.toml: {call}: {error}"))?.join(", ");
            if traced.insert(name.to_owned(), arguments).is_some() {
                return Err(format!("calls.toml traces {name} twice").into());
            }
        }
    }
    Ok(traced)
}

/// The calls that change what is there, likewise. Of those that are traced the arguments are known.
fn changing(groups: Vec<Allow>, traced: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut changing = BTreeMap::new();
    for Allow { calls, why } in groups {
        if why.trim().is_empty() || calls.is_empty() {
            return Err(format!("calls.toml: [[change]] {calls:?} needs calls and a reason").into());
        }
        for call in calls {
            let (name, arguments) = match call.strip_suffix("(fd)") {
                Some(name) => (name, "Argument::Descriptor".to_owned()),
                None => {
                    (&*call, traced.get(&call).cloned().ok_or_else(|| format!("calls.toml: {call} is not traced"))?)
                }
            };
            if changing.insert(name.to_owned(), arguments).is_some() {
                return Err(format!("calls.toml names {name} in [[change]] twice").into());
            }
        }
    }
    Ok(changing)
}

fn argument_text(word: &str) -> Result<String, String> {
    let (purpose, follows) = word.strip_suffix("-itself").map_or((word, true), |purpose| (purpose, false));
    let purpose = match purpose {
        "_" => return Ok("Argument::Other".into()),
        "at" => return Ok("Argument::Directory".into()),
        "flags" => return Ok("Argument::Flags".into()),
        "mode" => return Ok("Argument::Mode".into()),
        "how" => return Ok("Argument::How".into()),
        "bytes" => return Ok("Argument::Bytes".into()),
        "connect" => return Ok("Argument::Address(Purpose::Connect)".into()),
        "bind" => return Ok("Argument::Address(Purpose::Make)".into()),
        // What it is opened for is in other arguments.
        "look" => "Look",
        "open" | "read" => "Read",
        "write" => "Write",
        "change" => "Attributes",
        "create" => "Create",
        "make" => "Make",
        "remove" => "Remove",
        "replace" => "Replace",
        other => return Err(format!("{other} is no argument")),
    };
    Ok(format!("Argument::Path(Purpose::{purpose}, {follows})"))
}

fn clause_text(call: &str, clause: &Clause) -> Result<String, Box<dyn Error>> {
    let only = match (&clause.with, &clause.without) {
        (None, None) => "None".into(),
        (Some(switch), None) => format!("Some((Switch::{switch:?}, true))"),
        (None, Some(switch)) => format!("Some((Switch::{switch:?}, false))"),
        (Some(_), Some(_)) => return Err(format!("{call}: a clause takes `with` or `without`, not both").into()),
    };
    let conditions: Result<Vec<String>, _> = clause
        .when
        .iter()
        .map(|condition| condition_text(condition).map_err(|error| format!("{call}: {error}")))
        .collect();
    Ok(format!("Clause {{ only: {only}, when: &[{}], then: {} }}", conditions?.join(", "), outcome(&clause.then)))
}

fn condition_text(condition: &Condition) -> Result<String, String> {
    if condition.argument > 5 {
        return Err("arguments are counted from 0 to 5".into());
    }
    let test = match (&condition.is, &condition.any_bit, &condition.only_bits) {
        (Some(is), None, None) if !is.is_empty() => format!("Test::Is(&[{}])", values(is)?.join(", ")),
        (None, Some(bits), None) if !condition.wide => format!("Test::AnyBit({})", values(bits)?.join(" | ")),
        (None, None, Some(bits)) => format!("Test::OnlyBits({})", values(bits)?.join(" | ")),
        _ => return Err("a condition takes one of `is`, `any_bit` (never `wide`) and `only_bits`".into()),
    };
    let mask = condition.mask.as_ref().map_or(Ok("u32::MAX".into()), value)?;
    Ok(format!(
        "Condition {{ argument: {}, wide: {}, mask: {mask}, test: {test} }}",
        condition.argument, condition.wide
    ))
}

fn values(values: &[Value]) -> Result<Vec<String>, String> {
    values.iter().map(value).collect()
}

fn value(value: &Value) -> Result<String, String> {
    match value {
        Value::String(name) => Ok(format!("libc::{name} as u32")),
        Value::Integer(number) => u32::try_from(*number)
            .map(|number| format!("{number:#x}"))
            .map_err(|_| format!("{number} does not fit into 32 bits")),
        other => Err(format!("{other} is neither a number nor a name")),
    }
}

fn outcome(text: &str) -> String {
    if text == "allow" { "Outcome::Allow".into() } else { format!("Outcome::Fail({})", errno_text(text)) }
}

fn errno_text(name: &str) -> String {
    format!("Errno {{ name: {name:?}, number: libc::{name} }}")
}

/// Which entry judges each call. Every known call must have exactly one.
fn places<'a>(
    entries: &'a [Entry],
    numbers: &BTreeMap<String, Numbers>,
) -> Result<BTreeMap<&'a str, usize>, Box<dyn Error>> {
    let mut places = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate() {
        if entry.why.trim().is_empty() || entry.calls.is_empty() {
            return Err(format!("calls.toml: {:?} needs calls and a reason", entry.calls).into());
        }
        for call in &entry.calls {
            if !numbers.contains_key(call) {
                return Err(format!("calls.toml names {call}, which is not in numbers.toml").into());
            }
            if places.insert(call.as_str(), place).is_some() {
                return Err(format!("calls.toml names {call} twice").into());
            }
        }
    }
    match numbers.keys().find(|call| !places.contains_key(call.as_str())) {
        Some(call) => Err(format!("calls.toml does not say what becomes of {call}").into()),
        None => Ok(places),
    }
}

fn write_entries(text: &mut String, entries: &[Entry]) -> Result<(), Box<dyn Error>> {
    writeln!(text, "/// Every verdict with its calls and its reason.")?;
    writeln!(text, "pub(super) static ENTRIES: &[Entry] = &[")?;
    for Entry { calls, rule, why } in entries {
        writeln!(text, "    Entry {{ calls: {:?}, rule: {rule}, why: {why:?} }},", calls.join(" "))?;
    }
    writeln!(text, "];")?;
    Ok(())
}

fn write_numbers(
    text: &mut String,
    architecture: &str,
    places: &BTreeMap<&str, usize>,
    number: impl Fn(&str) -> Option<u16>,
) -> Result<(), Box<dyn Error>> {
    let mut sorted = BTreeMap::new();
    for (call, place) in places {
        let Some(number) = number(call) else { continue };
        if sorted.insert(number, u8::try_from(*place)?).is_some() {
            return Err(format!("numbers.toml: {architecture} has number {number} twice").into());
        }
    }
    writeln!(text, "/// Call numbers in rising order, each with its place in [`ENTRIES`].")?;
    writeln!(text, "#[cfg(any(test, target_arch = {:?}))]", architecture.to_lowercase())?;
    writeln!(text, "pub(super) static {architecture}: &[(u16, u8)] = &{:?};", Vec::from_iter(sorted))?;
    Ok(())
}

fn write_arguments(
    text: &mut String,
    architecture: &str,
    table: &str,
    calls: &BTreeMap<String, String>,
    number: impl Fn(&str) -> Option<Option<u16>>,
) -> Result<(), Box<dyn Error>> {
    let mut sorted = BTreeMap::new();
    for (call, arguments) in calls {
        let number = number(call).ok_or_else(|| format!("calls.toml names {call}, which is not in numbers.toml"))?;
        sorted.extend(number.map(|number| (number, arguments)));
    }
    writeln!(text, "/// Calls in rising order, each with its arguments.")?;
    writeln!(text, "#[cfg(any(test, target_arch = {:?}))]", architecture.to_lowercase())?;
    writeln!(text, "pub(super) static {architecture}_{table}: &[(u16, &[Argument])] = &[")?;
    for (number, arguments) in sorted {
        writeln!(text, "    ({number}, &[{arguments}]),")?;
    }
    writeln!(text, "];")?;
    Ok(())
}

fn write_names(
    text: &mut String,
    numbers: &BTreeMap<String, Numbers>,
    native: impl Fn(&Numbers) -> Option<u16>,
) -> Result<(), Box<dyn Error>> {
    writeln!(text, "/// The numbers of a call by name: x86_64, aarch64.")?;
    writeln!(text, "pub(super) static NAMES: &[(&str, Option<u16>, Option<u16>)] = &[")?;
    for (name, call) in numbers {
        writeln!(text, "    ({name:?}, {:?}, {:?}),", call.x86_64, call.aarch64)?;
    }
    writeln!(text, "];")?;
    writeln!(text, "/// Our number on this architecture, and what the `libc` crate says.")?;
    writeln!(text, "#[cfg(test)]\npub(super) static AS_IN_LIBC: &[(&str, u16, libc::c_long)] = &[")?;
    for (name, call) in numbers {
        let Some(number) = native(call) else { continue };
        if number <= NEWEST_IN_LIBC && !NOT_IN_LIBC.contains(&name.as_str()) {
            writeln!(text, "    ({name:?}, {number}, libc::SYS_{name}),")?;
        }
    }
    writeln!(text, "];")?;
    Ok(())
}

//! The reference page of the policy file, generated from the schema, the sets and the profiles.

use std::fmt::Write;

use serde_json::Value;

use crate::platform::Platform;
use crate::profiles::{PROFILE_NAMES, profile_text};
use crate::schema::schema;
use crate::sets::{self, NamedSet, SetEntry};

/// The reference page in Markdown.
pub fn reference() -> String {
    let mut out = String::from(INTRODUCTION);
    let schema = schema();
    keys(&mut out, "Top level", "", &schema);
    let section = |name: &str| resolved(&schema, &schema["properties"][name]);
    let inner = |name: &str| &schema["$defs"][name];
    for (title, definition) in [
        ("`[files]`", section("files")),
        ("`[network]`", section("network")),
        ("A host as a table", inner("HostTable")),
        ("`[network.budget]`", inner("BudgetSection")),
        ("`[secrets.NAME]`", inner("SecretSection")),
        ("`from` of a secret", inner("SecretFrom")),
        ("`[env]`", section("env")),
        ("`[process]`", section("process")),
        ("`[limits]`", section("limits")),
        ("`[ledger]`", section("ledger")),
        ("`[stages]`", section("stages")),
    ] {
        keys(&mut out, title, definition["description"].as_str().unwrap_or_default(), definition);
    }
    out.push_str(LAYERS);
    out.push_str("\n## Named sets\n");
    sets::all().iter().for_each(|set| named_set(&mut out, set));
    out.push_str("\n## Profiles\n");
    for name in PROFILE_NAMES {
        put(&mut out, format_args!("\n### `{name}`\n\n```toml\n{}```\n", profile_text(name).unwrap_or_default()));
    }
    out
}

const INTRODUCTION: &str = "\
<!-- Generated from crates/policy; edit there. -->
# The policy file

A policy is TOML. Unknown keys are errors, and every error names line and column.

Paths are absolute, `~/…` for the home, or relative to the workspace. `..`, variables and other users' homes are
refused. `@name` is a named set, listed below. Where one granted path lies inside another, the deeper one decides; for
one path in several lists, `write` goes before `copy-on-write`, and that before `read`.
";

const LAYERS: &str = "
## Layers

Built-in profile, user, project, command line: lists add up, and a single value replaces the one of the layer before.
A project's file may only narrow until the user has trusted its content: its denials, masks, protections, `env.deny`,
lower limits and `mode = \"off\"` count, the rest is reported and left out. An exception (`!`) takes back what the same
or an earlier layer denied.

The managed policy is a ceiling over all of them. Its `deny`, `mask`, `protect` and `env.deny` are added and cannot be
taken back. Its `read`, `write` and `copy-on-write`, where given, bound what the others may grant; where `read` is
given, writable paths must lie in one of the three lists too, and where `write` is not, the workspace counts as allowed.
Its `env.allow` bounds the names that pass, its limits and `network.mode` are the most there can be, and `profiles` lists
the profiles that may be used. What it cuts is reported.

Of `[network]`, a project that is not trusted may add to `deny`, lower the mode and the budgets. The managed `deny` is
added, its `allow`, `publish` and `host-ports` bound what the others may let through, and where it says anything about
hosts, ports or budgets, `full` becomes `rules`. Secrets of a project count once it is trusted.

Everybody may demand with `files.stage` that what is written to the workspace waits until it is taken over, and only who is
trusted lets go of that. `pinfold run --staged` says the same for one run, and `--session NAME` goes on where another stopped.
In a stage git's own settings and hooks are the agent's: they are kept apart like everything else, and
`pinfold apply` asks about them by name.

With `files.undo`, or `pinfold run --undo`, a run writes to the workspace itself, and of each file that it is about to change
or remove an earlier version is kept, so that `pinfold undo` brings it back. Versions share their blocks with the file where
the file system can do that (Btrfs, XFS), and are copies elsewhere, up to 64 MiB of a file and 1 GiB of a run; what was too large
is told. That helps against mistakes. It is no containment: a program that exchanges a path while it is looked at keeps
its change. Who wants certainty uses `files.stage`, with which `files.undo` has nothing to do: there `pinfold apply` is undone.
It costs a run time for each file that it opens to write and for each name that comes or goes, and nothing where it reads.
Only Linux has it.

Everybody may demand with `ledger.required` that a run is recorded, and with `ledger.programs` that its programs are; only
who may widen takes that back, and never a demand of the managed policy. How long records are kept is for the user to say, and the managed policy sets the least.

How long stages are kept is for the user alone to say, and the managed policy sets the least. What waits in one to be taken
over stays for ever unless `stages.keep-unapplied` says otherwise.

## How network rules decide

With `mode = \"rules\"`, what no rule allows is refused, and what one denies is refused whatever others allow. A rule
without a port allows 80 and 443, and denies every port; one with a port is about that port only. `*.example.com` is not
`example.com`; `*` is every name, and no bare address. Names are compared in lower case, in their ASCII form (`bücher.example`
is `xn--bcher-kva.example`), without the dot at the end; an address in another notation than usual (`0x7f.1`,
`2130706433`) is no name.

Addresses that are not of the public internet (private, loopback, link-local, of a provider's inner network, multicast,
for documentation, where clouds hand out credentials, and those that stand for another one) are refused, also when a name
leads there, unless a rule names the address or a range within that kind: `10.1.2.0/24` opens private addresses,
`0.0.0.0/0` does not. Such a name needs both: a rule for the name and one for the address.

A rule with `methods` or `paths` is about HTTP requests, and the gate looks inside for it. Rules that allow add up: beside
`*`, such a rule narrows nothing. A path that servers read in
different ways (`..`, `//`, `%2f`, `;` and the like) fits no rule that allows and every rule that denies.

`--allow-host`, `--host-port` and `--publish` make a mode of `off` to `rules`, unless the command line itself says `off`.

In `deny`, a bare name or a pattern that starts with `**/` counts in every directory of the user's trees, but not
inside `@system`, `@toolchains` and `@caches`; to deny something there, write the path from `/` or `~/`. The same holds
for `mask`.

## What a mask shows

A masked file is there at its path, read-only, as it is when the run starts: its lines, its keys and its comments, and
`pinfold-masked-KEY` for each value. Empty values stay empty; an assignment in a comment counts as one; a comment behind a
value without quotes goes with the value, since readers disagree whether it is one. Comments are not looked through
otherwise. In a run with a gate, a value that is the value of a secret of `[secrets]` has that secret's placeholder, which
the gate takes. Dotenv files are masked (`KEY=value`, `export KEY=value`, values in `'`, `\"` or `` ` ``, over several lines too).
A file that is anything else, in one line even, or larger than 1 MiB is hidden as if it were denied, and that is said.

A layer masks what a weaker one denies: `mask = [\".env\"]` of the user goes before the denial of `@secrets` in the built-in
profile. What the managed policy denies stays hidden, and so does what the same layer or a stronger one denies, and what
lies in a denied directory. The mask of a managed policy, or of a project that is not trusted, shows nothing of what
others deny; it narrows what is visible. `!` takes back a mask of the same or an earlier layer, and then the file is as
hidden or as visible as without it.
";

fn keys(out: &mut String, title: &str, about: &str, definition: &Value) {
    put(out, format_args!("\n## {title}\n\n"));
    if !about.is_empty() {
        put(out, format_args!("{about}\n\n"));
    }
    out.push_str("| key | value | meaning |\n| --- | --- | --- |\n");
    // The variants of an enumeration are objects of one property each.
    let variants = definition["oneOf"].as_array().into_iter().flatten();
    let variants = variants.flat_map(|variant| {
        let properties = variant["properties"].as_object().into_iter().flatten();
        properties.map(|(key, property)| (key, property, &variant["description"]))
    });
    let properties = definition["properties"].as_object().into_iter().flatten();
    let properties = properties.map(|(key, property)| (key, property, &property["description"]));
    for (key, property, meaning) in properties.chain(variants) {
        let meaning = meaning.as_str().unwrap_or_default().replace('\n', " ");
        put(out, format_args!("| `{key}` | {} | {} |\n", kind(property), cell(&meaning)));
    }
}

/// The kind of value a key takes, in words.
fn kind(property: &Value) -> String {
    let text = property.to_string();
    let words = [
        ("NetworkMode", "`\"off\"`, `\"rules\"` or `\"full\"`"),
        ("HostEntry", "list of hosts"),
        ("u16", "list of ports"),
        ("uint16", "list of ports"),
        ("SecretFrom", "table with one key"),
        ("Amount", "amount"),
        ("Section", "section"),
        ("\"array\"", "list of text"),
        ("\"object\"", "table of text"),
        ("\"boolean\"", "`true` or `false`"),
        ("\"integer\"", "number"),
    ];
    let found = words.into_iter().find(|(mark, _)| text.contains(mark));
    found.map_or("text", |(_, word)| word).to_owned()
}

/// The definition that a property refers to.
fn resolved<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    let options = property["anyOf"].as_array().and_then(|options| options.first());
    let reference = options.unwrap_or(property)["$ref"].as_str().unwrap_or_default();
    let name = reference.rsplit('/').next().unwrap_or_default();
    schema["$defs"].get(name).unwrap_or(property)
}

fn named_set(out: &mut String, set: &NamedSet) {
    put(out, format_args!("\n### `{}`\n\n{}\n\n| entry | systems | why |\n| --- | --- | --- |\n", set.name, set.about));
    let mut rows: Vec<(&SetEntry, Vec<&str>)> = Vec::new();
    for platform in Platform::ALL {
        for entry in set.entries(platform) {
            match rows.iter_mut().find(|(seen, _)| *seen == entry) {
                Some((_, platforms)) => platforms.push(system(platform)),
                None => rows.push((entry, vec![system(platform)])),
            }
        }
    }
    for (entry, platforms) in rows {
        let systems = if platforms.len() == Platform::ALL.len() { "all".to_owned() } else { platforms.join(", ") };
        put(out, format_args!("| `{}` | {systems} | {} |\n", cell(&shown(entry)), cell(entry.why)));
    }
}

fn shown(entry: &SetEntry) -> String {
    let slash = if entry.directory { "/" } else { "" };
    let prefix = match entry.scope {
        Some(crate::protect::Scope::Repository) => ".git/",
        Some(crate::protect::Scope::Anywhere) => "**/",
        _ => "",
    };
    format!("{prefix}{}{slash}", entry.entry)
}

fn system(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => "Linux",
        Platform::Macos => "macOS",
        Platform::Windows => "Windows",
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key_set_and_profile() {
        let page = reference();
        for expected in ["`copy-on-write`", "`nested-namespaces`", "`wall-time`", "### `@secrets`", "### `open`"] {
            assert!(page.contains(expected), "{expected}");
        }
        for key in ["`[files]`", "`[limits]`"] {
            let section = page.split(&format!("## {key}")).nth(1).expect(key);
            assert!(section.contains("| `"), "{key} lists no keys");
        }
    }
}

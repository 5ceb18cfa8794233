//! Builds and package managers, warm from the user's caches, which stay as they are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pinfold_tests::{Likeness, skip};

use crate::desk::{Desk, Ended, lacks};

/// How long a build may take.
const BUILD: Duration = Duration::from_secs(120);
/// The crate that the built one depends on: small, and among this project's own.
const DEPENDENCY: &str = "itoa";

/// A Rust project whose dependency is in the user's cache, and a toolchain in the user's home.
pub(crate) fn rust_project() -> Option<Desk> {
    let Some((toolchain, registry)) = toolchain().zip(registry()) else {
        skip("there is no cargo with the dependency in its cache here");
        return None;
    };
    let desk = Desk::new();
    desk.make(&desk.path("home/.rustup/toolchains"));
    let copy = desk.path("home/.rustup/toolchains/here");
    // Hard links where they are possible: a toolchain is large.
    for parts in ["bin", "lib"] {
        let target = copy.join(parts);
        std::fs::create_dir_all(&copy).expect("a directory for the toolchain");
        let linked = Command::new("cp").arg("-alT").arg(toolchain.join(parts)).arg(&target).output();
        if !linked.is_ok_and(|output| output.status.success()) {
            let copied = Command::new("cp").arg("-aT").arg(toolchain.join(parts)).arg(&target).status();
            assert!(copied.is_ok_and(|status| status.success()), "a copy of the toolchain");
        }
    }
    for file in registry.files {
        let content = std::fs::read(registry.root.join(&file)).expect("a file of the registry");
        desk.write(Path::new("home/.cargo/registry").join(file), content);
    }
    let manifest =
        "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"1\"\n";
    desk.write("home/project/Cargo.toml", manifest);
    let program = "fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }\n#[test]\nfn two() { assert_eq!(1 + 1, 2); }\n";
    desk.write("home/project/src/main.rs", program);
    Some(desk)
}

fn toolchain() -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

struct Registry {
    root: PathBuf,
    files: Vec<PathBuf>,
}

/// The parts of cargo's cache that the dependency needs.
fn registry() -> Option<Registry> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let root = cargo_home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?.join("registry");
    let find = "find index -name config.json; find index -path '*/it/oa/itoa'; find cache -name 'itoa-1.*.crate'";
    let output = Command::new("sh").args(["-c", find]).current_dir(&root).output().ok()?;
    let files: Vec<PathBuf> = String::from_utf8(output.stdout).ok()?.lines().map(PathBuf::from).collect();
    files
        .iter()
        .any(|file| file.to_string_lossy().contains(&format!("{DEPENDENCY}-")))
        .then_some(Registry { root, files })
}

fn cargo(desk: &Desk, flags: &[&str], arguments: &[&str]) -> Ended {
    let call = desk.pinfold(["run"]).arguments(flags).arguments(["--", "cargo"]).arguments(arguments);
    call.variable("PATH", search_path(desk)).deadline(BUILD).run()
}

/// With the toolchain of the project.
pub(crate) fn search_path(desk: &Desk) -> String {
    format!("{}:/usr/bin:/bin", desk.path("home/.rustup/toolchains/here/bin").display())
}

#[test]
fn a_crate_builds_and_tests_from_the_warm_cache_which_stays_as_it_is() {
    let Some(desk) = rust_project() else { return };
    let cache = desk.path("home/.cargo");
    let before = Likeness::of(&cache);
    let built = cargo(&desk, &[], &["build", "--offline"]).says("Compiling itoa");
    built.ok();
    let again = cargo(&desk, &[], &["build", "--offline"]);
    assert!(!again.stderr.contains("Compiling"), "{again}");
    assert!(cargo(&desk, &[], &["test", "--offline"]).ok().contains("1 passed"));
    assert_eq!(cargo(&desk, &[], &["run", "--offline", "--quiet"]).ok(), "42");
    assert_eq!(before.difference(&Likeness::of(&cache)), None);
    assert_eq!(desk.outside("target/debug/demo").ok(), "42");
}

#[test]
fn without_a_lock_file_cargo_does_not_wait_for_a_network_that_is_off() {
    let Some(desk) = rust_project() else { return };
    let ended = cargo(&desk, &[], &["build"]);
    assert!(!ended.stderr.contains("spurious network error"), "{ended}");
    ended.ok();
}

#[test]
fn make_builds_in_parallel() {
    if lacks("make") || lacks("cc") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/project/a.c", "int main(void) { return 0; }\n");
    desk.write("home/project/Makefile", "all: a b c d\na b c d: a.c\n\tcc -o $@ a.c\n");
    desk.inside("make --silent -j4 && ./a && ./d").ok();
    desk.outside("make --question && ./b").ok();
}

#[test]
fn npm_installs_from_its_warm_cache_which_stays_as_it_is() {
    if lacks("npm") {
        return;
    }
    let desk = Desk::new();
    desk.write(
        "home/dep/package.json",
        r#"{"name":"left-hand","version":"1.0.0","main":"index.js","bin":{"left":"index.js"}}"#,
    );
    desk.write("home/dep/index.js", "#!/usr/bin/env node\nconsole.log('left');\n");
    // Packed, put into the cache, and named as if it had come from the registry.
    let prepare = r#"set -e; cd ../dep; npm pack --silent > /dev/null; npm cache add ./left-hand-1.0.0.tgz
        digest=sha512-$(openssl dgst -sha512 -binary left-hand-1.0.0.tgz | base64 -w0); cd ../project
        echo '{"name":"demo","version":"1.0.0","dependencies":{"left-hand":"1.0.0"}}' > package.json
        cat > package-lock.json <<END
        {"name":"demo","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
        "":{"name":"demo","version":"1.0.0","dependencies":{"left-hand":"1.0.0"}},
        "node_modules/left-hand":{"version":"1.0.0","resolved":"https://registry.npmjs.org/left-hand/-/left-hand-1.0.0.tgz",
        "integrity":"$digest","bin":{"left":"index.js"}}}}
END"#;
    desk.outside(prepare).ok();
    let cache = desk.path("home/.npm");
    let before = Likeness::of(&cache);
    let ended = desk.inside("npm ci --offline --no-audit --no-fund && npx left && node -e 'require(\"left-hand\")'");
    assert!(ended.ok().ends_with("left\nleft"));
    assert_eq!(before.difference(&Likeness::of(&cache)), None);
}

/// Makes a wheel, which is but a zip file, of a module that prints a word.
const WHEEL: &str = "
import zipfile
with zipfile.ZipFile('greeting-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('greeting.py', 'print(\"hello\")\\n')
    wheel.writestr('greeting-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n')
    wheel.writestr('greeting-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('greeting-1.0.dist-info/RECORD', '')
";

#[test]
fn a_python_environment_is_made_and_takes_a_local_wheel() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    if desk.outside("/usr/bin/python3 -c 'import venv, ensurepip'").code() != 0 {
        return skip("this python makes no environments");
    }
    desk.write("home/project/wheel.py", WHEEL);
    let script = "set -e; /usr/bin/python3 wheel.py; /usr/bin/python3 -m venv environment
        environment/bin/pip install --quiet --disable-pip-version-check --no-index ./greeting-1.0-py3-none-any.whl
        environment/bin/python -c 'import greeting'";
    assert_eq!(desk.pinfold(["run", "--", "bash", "-c", script]).deadline(BUILD).run().ok(), "hello");
    assert_eq!(desk.inside("environment/bin/python -c 'import greeting'").ok(), "hello");
}

#[test]
fn node_runs_scripts_workers_and_watches_files() {
    if lacks("node") {
        return;
    }
    let desk = Desk::new();
    let program = "
const fs = require('fs'), { Worker } = require('worker_threads'), { execFileSync } = require('child_process');
const watcher = fs.watch('.', () => { console.log('seen'); watcher.close(); });
new Worker('require(\"fs\").writeFileSync(\"from-worker\", \"x\")', { eval: true });
console.log(execFileSync('echo', ['child']).toString().trim());
";
    desk.write("home/project/demo.js", program);
    assert_eq!(desk.inside("node demo.js").ok(), "child\nseen");
}

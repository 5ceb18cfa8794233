//! Fuzzing, with cargo-fuzz and a nightly toolchain.

use crate::shell::{Result, command, root, run as carry_out, step, succeeds, which};

/// Longest input, in bytes: longer ones find nothing that these do not.
const MAX_INPUT_BYTES: u32 = 8192;

/// Fuzzes every target, or those named, one after the other.
pub(crate) fn run(seconds: u32, only: &[String]) -> Result<()> {
    require_tools()?;
    let all = targets()?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        return Err(format!("there is no target {unknown}; known: {}", all.join(", ")).into());
    }
    let mut failed = Vec::new();
    for target in all.iter().filter(|target| only.is_empty() || only.contains(target)) {
        if let Err(error) = step(target, || fuzz(target, seconds)) {
            eprintln!("   failed: {error}");
            failed.push(target.as_str());
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        failed => Err(format!("failed: {}; the inputs are in fuzz/artifacts", failed.join(", ")).into()),
    }
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let corpus = format!("fuzz/corpus/{target}");
    std::fs::create_dir_all(root().join(&corpus))?;
    for (index, seed) in seeds(target).iter().enumerate() {
        std::fs::write(root().join(&corpus).join(format!("seed-{index}")), seed)?;
    }
    let scenes = root().join("fuzz/target/scenes");
    std::fs::create_dir_all(&scenes)?;
    let limits = format!("-max_total_time={seconds} -max_len={MAX_INPUT_BYTES} -timeout=10 -rss_limit_mb=2048");
    let words = format!("+nightly fuzz run {target} {corpus} --sanitizer none --target-dir fuzz/target");
    let mut fuzz = command("cargo", words.split(' '));
    fuzz.env("TMPDIR", &scenes).arg("--").args(limits.split(' ')).args(["-verbosity=0", "-print_final_stats=1"]);
    let fuzzed = carry_out(&mut fuzz);
    std::fs::remove_dir_all(&scenes)?;
    fuzzed
}

/// Where a target begins.
fn seeds(target: &str) -> Vec<String> {
    let profiles = || pinfold_policy::PROFILE_NAMES.iter().filter_map(|name| pinfold_policy::profile_text(name));
    match target {
        "policy" => {
            let all = profiles().collect::<Vec<_>>().join("\n% next\n");
            profiles().map(str::to_owned).chain([all, LAYERS.to_owned()]).collect()
        }
        "hosts" => [
            "*.example.com:8443\na.EXAMPLE.com.:8443\n/repos/%2e%2e/x",
            "10.0.0.0/8:*\n[::ffff:10.1.2.3]:22\n/",
            "@github\ngithub.com:22",
        ]
        .map(str::to_owned)
        .into(),
        "gate_opening" => [
            "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "\r\n\r\npost  http://a.example/ HTTP/1.1\r\n",
            "\u{16}\u{3}\u{1}\0\u{30}\u{1}\0\0\u{2c}\u{3}\u{3}",
        ]
        .map(str::to_owned)
        .into(),
        "gate_dns" => ["\0\u{7}\u{1}\0\0\u{1}\0\0\0\0\0\0\u{1}a\u{7}example\0\0\u{1}\0\u{1}".to_owned()].into(),
        "gate_socks" => ["\u{5}\u{1}\0\u{5}\u{1}\0\u{3}\u{9}a.example\u{1}\u{7f}".to_owned()].into(),
        "gate_link" => {
            [r#"{"answer":{"id":1,"answer":"once"}}"#, r#"{"ready":{"version":1,"ca":null}}"#].map(str::to_owned).into()
        }
        "ledger" => [
            r#"{"seq":0,"time":"2026-03-01T12:00:00.000000000Z","kind":"note","text":"a","sum":"0123456789abcdef"}"#,
            r#"{"seq":0,"time":"2026-03-01T12:00:00.000000000Z","kind":"checkpoint","root":"","signature":"","sum":""}"#,
            r#"{"version":1,"session":"x","event":{"line":"","path":[]},"head":{"line":"","path":[]},"checkpoint":""}"#,
            "pinfold-ledger/heads\n1\nAAAA\n2026-03-01T12:00:00.000000000Z\n\n\u{2014} pinfold-ledger AAAA\n",
        ]
        .map(str::to_owned)
        .into(),
        "ledger_export" => [
            r#"{"seq":0,"time":"2026-03-01T12:00:00.000000000Z","kind":"trust","path":"=a","sha256":"","by":"a","how":"b"}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#,
        ]
        .map(str::to_owned)
        .into(),
        "git_pointers" => ["gitdir: admin\n%..\n%../.git\n%[core]\n\tworktree = ../../..\n".to_owned()].into(),
        "redact" => ["curl\u{1f}-u\u{1f}a:b c://d:e@f%20 Bearer ", "--password=\\x41 \"token\": \"g"]
            .map(str::to_owned)
            .into(),
        "mask" => ["# c\nexport A='b' # d\nB=\"x\n\\\"y\"\r\n#C=d\nE=\n", "c2VjcmV0==\n"].map(str::to_owned).into(),
        "traps" => [
            "[core]\n\tfsMonitor = \"./x\" ; y\n[alias]\nci = \"!sh \\\n -c\"\n[url \"a\\\"b\"] insteadOf=c\n",
            "{ // c\n \"tasks\": [{\"runOptions\": {\"runOn\": \"folderOpen\"},}], \"scripts\": {\"install\": 1} }",
            "a.b = ['x', {c = 1}]\n[target.'cfg(unix)']\nrunner = \"sh\"\n[[tool.uv.index]]\nurl = 'x'\n",
        ]
        .map(str::to_owned)
        .into(),
        "records" => {
            [r#"{"format":1,"workspace":"/w","watch":[{"directory":"/w","name":".envrc","files-only":true}]}"#]
                .map(str::to_owned)
                .into()
        }
        "control" => [
            r#"{"version":1,"question":1,"answer":"always"}"#,
            r#"{"session":{"version":1,"id":"x","workspace":"/w","profile":"workspace","command":["curl"]}}"#,
            r#"{"question":{"ms":1,"left-ms":2,"id":3,"to":{"host":"a.example","port":443},"process":{"pid":4,"exe":"/x"}}}"#,
            r#"{"answered":{"ms":1,"id":3,"to":{"host":"a.example","port":443},"answer":"once","problem":null}}"#,
        ]
        .map(str::to_owned)
        .into(),
        "runner" => [
            "@{\"hello\":{\"version\":1,\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}\n\"close-stdin\"\n\"measure\"\n\
             {\"start\":{\"echo\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"start\":{\"command\":[\"a\"],\"environment\":[[\"B\",\"c\"]],\
             \"directory\":\"d\",\"plan\":null,\"stdio\":\"pipes\"}}}\n{\"stdin\":{\"bytes\":\"eA==\"}}\n\
             {\"resize\":{\"rows\":1,\"columns\":2}}\n{\"taken\":{\"stream\":\"stdout\",\"bytes\":1}}",
            "\u{7}{\"ready\":{\"version\":1,\"pid\":2,\"user\":\"S-1-5-18\",\"echo\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\
             \"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}\n{\"started\":{\"pid\":3}}\n\
             {\"output\":{\"stream\":\"stderr\",\"bytes\":\"eA==\"}}\n\"stdin-closed\"\n{\"exited\":{\"code\":0}}",
            "\u{1}{\"refused\":{\"step\":\"a\",\"code\":5,\"message\":\"b\"}}\n{\"usage\":{\"processes\":1,\
             \"memory-bytes\":2,\"cpu-ms\":3}}\n{\"taken\":{\"bytes\":1}}",
        ]
        .map(str::to_owned)
        .into(),
        _ => Vec::new(),
    }
}

/// A user, a project, a managed and a command-line layer that disagree.
const LAYERS: &str = r#"profile = "workspace"
[files]
write = ["/srv/a", "~/x"]
read = ["@system", "/srv"]
deny = ["*.key", "!.env"]
mask = [".env", "@secrets"]
[limits]
memory = "2GiB"
% project
files.deny = ["**/b", "sub/"]
files.mask = ["*.key"]
files.protect = ["deploy/"]
limits.memory = "1GiB"
network = { mode = "rules", allow = ["@npm", "a.example"], deny = ["*.example:22"] }
% managed
files.read = ["/srv", "@workspace"]
files.write = ["/srv/a/b"]
files.copy-on-write = []
network.mode = "off"
limits.memory = "3GiB"
env.allow = ["PATH", "L*"]
profiles = ["workspace", "read-only"]
% command line
files.write = ["/data", "/srv"]
network = { mode = "full", allow = ["a.example", "10.0.0.0/8:*"], host-ports = [5432] }
"#;

/// The names of the targets, from their files.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn require_tools() -> Result<()> {
    let mut missing = Vec::new();
    if !succeeds(&mut command("cargo", ["+nightly", "--version"])) {
        missing.push("a nightly toolchain: rustup toolchain install nightly");
    }
    if which("cargo-fuzz").is_none() {
        missing.push("cargo-fuzz: cargo install --locked cargo-fuzz");
    }
    if which("c++").is_none() {
        missing.push("a C++ compiler for libFuzzer: sudo apt-get install g++");
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("missing\n  {}", missing.join("\n  ")).into()) }
}

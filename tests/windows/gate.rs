//! Rules about requests, and secrets, in runs under an account: what a program inside asks of the gate and learns of it. The
//! gate is the one that is released.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use pinfold_tests::eventually;
use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::room::Room;

const VALUE: &str = "ghp_TheRealValue";

/// A server of HTTP on this machine; its port, and all that was ever said to it.
fn server() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Arc::new(Mutex::new(String::new()));
    let told = heard.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => break,
                }
            }
            told.lock().expect("a lock").push_str(&String::from_utf8_lossy(&head));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        }
    });
    (port, heard)
}

/// A room whose user lets programs ask for what is open, and lends a secret to another host.
fn with_rules(port: u16) -> Option<Room> {
    let room = Room::with_accounts()?;
    let open = |host: &str| format!("{{ host = '{host}', paths = ['/open/**'] }}");
    let policy = format!(
        "[network]\nmode = 'rules'\nallow = [{}, {}]\nhost-ports = [{port}]\n\
         [secrets.token]\nfrom = {{ env = 'TOKEN' }}\nhosts = ['a.example']\nin = 'header:authorization'\n",
        open("a.example"),
        open(&format!("127.0.0.1:{port}"))
    );
    room.write("roaming/pinfold/policy.toml", policy);
    Some(room)
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

#[test]
fn requests_are_judged_and_a_placeholder_does_not_go_astray() {
    let (port, heard) = server();
    let Some(room) = with_rules(port) else { return };
    let host = format!("127.0.0.1:{port}");
    let ask = |words: &[&str]| {
        let run = room.pinfold(["run", "--best-effort", "--", &room.helper(), "request", &host]).words(words);
        run.variable("TOKEN", VALUE).go().ok()
    };
    // The control is that the same request is answered where no placeholder is in it.
    let open = ask(&["/open/x"]);
    assert!(open.starts_with("HTTP/1.1 200") && open.ends_with("hello"), "{open}");
    let shut = ask(&["/shut"]);
    assert!(shut.starts_with("HTTP/1.1 403") && shut.contains("allows this method and path"), "{shut}");
    let requests = room.events();
    let requests = of_kind(&requests, "request");
    assert_eq!((&requests[0]["path"], &requests[0]["verdict"]["allow"]), (&"/shut".into(), &false.into()));
    let astray = ask(&["/open/y", "TOKEN"]);
    assert!(astray.contains("HTTP/1.1 403"), "{astray}");
    let events = room.events();
    assert_eq!(of_kind(&events, "secret").len(), 1, "{events:?}");
    let heard = heard.lock().expect("a lock").clone();
    assert!(heard.contains("/open/x") && !heard.contains("/shut") && !heard.contains("/open/y"), "{heard}");
    assert!(!format!("{heard}{events:?}{astray}").contains(VALUE));
}

#[test]
fn programs_learn_whom_to_trust_and_what_stands_for_a_secret() {
    let Some(room) = with_rules(1) else { return };
    let run =
        |words: &[&str]| room.pinfold(["run", "--best-effort", "--"]).words(words).variable("TOKEN", VALUE).go().ok();
    let environment = run(&[&room.helper(), "environment"]);
    let value = |name: &str| {
        let mut lines = environment.lines().filter_map(|line| line.split_once('='));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    assert!(value("TOKEN").starts_with("pinfold-token-"), "{environment}");
    assert!(!environment.contains(VALUE), "{environment}");
    for name in ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"] {
        assert!(value(name).ends_with(r"\trust\trust.pem"), "{name}: {environment}");
    }
    let bundle = run(&["cmd", "/c", "type %SSL_CERT_FILE%"]);
    assert!(bundle.matches("BEGIN CERTIFICATE").count() > 1, "those of the machine and that of the gate: {bundle}");
}

/// A client of this machine that goes by the gate, whose port of the loopback Wine shares.
fn curl(room: &Room, port: u16, flags: &[&str]) -> Output {
    let setup: Value = serde_json::from_str(&room.read("setup.json")).expect("JSON");
    let proxy = format!("http://127.0.0.1:{}", setup["gate-port"]);
    let mut command = Command::new("curl");
    command
        .env_clear()
        .args(["-sS", "-m", "60", "--proxy", &proxy])
        .args(flags)
        .arg(format!("https://127.0.0.1:{port}/shut"));
    command.output().expect("curl")
}

fn bundle(room: &Room) -> Option<PathBuf> {
    let workspaces = std::fs::read_dir(room.path("local/pinfold/workspaces")).ok()?.flatten();
    let mut bundles = workspaces.map(|workspace| workspace.path().join("trust/trust.pem"));
    bundles.find(|path| path.metadata().is_ok_and(|found| found.len() > 0))
}

#[test]
fn tls_is_opened_by_whom_the_bundle_of_the_run_names_and_nobody_else_knows() {
    let (port, heard) = server();
    let Some(room) = with_rules(port) else { return };
    let late = room.native("late");
    let run = room.pinfold(["run", "--best-effort", "--", &room.helper(), "with-late", "600000", &late, "wait"]);
    let run = run.variable("TOKEN", VALUE).start();
    assert!((0..12).any(|_| eventually(|| room.has("late.began"))), "the command does not begin");
    let bundle = bundle(&room).expect("a bundle");
    let trusting = curl(&room, port, &["--cacert", bundle.to_str().expect("a plain path")]);
    let text = String::from_utf8_lossy(&trusting.stdout).into_owned();
    assert!(trusting.status.success() && text.contains("allows this method and path"), "{trusting:?}");
    // The control. 60: the peer's certificate is nobody's.
    assert_eq!(curl(&room, port, &[]).status.code(), Some(60));
    assert!(!heard.lock().expect("a lock").contains("shut"), "nothing of it came out");
    kill_process(room.supervisor().expect("pinfold runs"), Signal::KILL).expect("it can be killed");
    drop(run.wait());
}

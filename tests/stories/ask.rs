//! Hosts that no rule names are asked about, and answered in another terminal.

use std::time::Duration;

use pinfold_tests::eventually;
use rustix::process::Signal;

use crate::desk::{Desk, lacks};
use crate::screen::Screen;
use crate::traveller::Traveller;

/// Where somebody may sit in that internet.
pub(crate) fn traveller() -> Option<Traveller> {
    if lacks("tmux") { None } else { Traveller::new() }
}

/// A terminal with a shell in that internet.
pub(crate) fn terminal(traveller: &Traveller) -> Screen<'_> {
    let screen = Screen::new(&traveller.0);
    let [world, from] = [traveller.0.path("world"), traveller.0.workspace()].map(|path| path.display().to_string());
    screen.line(&format!("clear; WORLD={world} FROM={from} bash {world}/enter.sh bash --norc"));
    screen.shows("bash-");
    screen.prompts("world$");
    screen.shows("world$");
    screen
}

/// Starts a run that asks for one page, and gets what it answers in `said`.
fn fetch(screen: &Screen<'_>, flags: &str, host: &str) {
    screen.line(&format!(
        "pinfold run --ask {flags} -- curl -sS -m 100 http://{host}/ < /dev/null > said 2> complained & clear"
    ));
}

/// Watches, and answers the question about a host with a key.
fn answer(screen: &Screen<'_>, host: &str, key: &str) {
    screen.line("clear; pinfold watch");
    screen.shows(&format!("wants to connect to {host}:80"));
    std::thread::sleep(Duration::from_millis(700));
    screen.text(key);
    screen.shows("0 open questions");
    screen.text("q");
    screen.until("show the shell again", |shown| shown.trim_end().ends_with("world$"));
    screen.line("clear; wait");
}

fn said(traveller: &Traveller, words: &str) -> bool {
    let said = || std::fs::read_to_string(traveller.0.workspace().join("said")).unwrap_or_default();
    eventually(|| said().contains(words))
}

fn policy(traveller: &Traveller) -> String {
    std::fs::read_to_string(traveller.0.path("home/.config/pinfold/policy.toml")).unwrap_or_default()
}

#[test]
fn once_lets_a_connection_through() {
    let Some(traveller) = traveller() else { return };
    let screen = terminal(&traveller);
    fetch(&screen, "", "api.example.com");
    answer(&screen, "api.example.com", "o");
    assert!(said(&traveller, "api says hello"), "{}", screen.shown());
    assert_eq!(policy(&traveller), "");
    screen.line("clear; jobs; cat complained; echo done");
    screen.shows_line("done");
    assert!(!screen.shown().contains("refused"), "{}", screen.shown());
}

#[test]
fn deny_refuses_it() {
    let Some(traveller) = traveller() else { return };
    let screen = terminal(&traveller);
    fetch(&screen, "", "evil.example.com");
    answer(&screen, "evil.example.com", "d");
    screen.line("cat said complained");
    screen.shows("the user did not say yes");
    assert!(!traveller.log().contains("evil"), "{}", traveller.log());
}

#[test]
fn always_writes_a_rule_that_the_next_run_needs_no_answer_for() {
    let Some(traveller) = traveller() else { return };
    let before = "# my rules\n[network]\nmode = 'rules' # as ever\nallow = [\n  'www.example.com', # the site\n]\n";
    traveller.0.write("home/.config/pinfold/policy.toml", before);
    let screen = terminal(&traveller);
    fetch(&screen, "", "api.example.com");
    answer(&screen, "api.example.com", "a");
    assert!(said(&traveller, "api says hello"), "{}", screen.shown());
    let after = policy(&traveller);
    assert!(after.starts_with(before.trim_end_matches("]\n")), "{after}");
    assert!(after.contains("pinfold run --ask: always, for "), "{after}");
    assert!(after.contains("  \"api.example.com:80\",\n]\n"), "{after}");
    let next = traveller.inside(&["--ask"], "curl -sS -m 9 http://api.example.com/").run();
    assert_eq!(next.ok(), "api says hello");
}

#[test]
fn an_answer_for_the_session_is_enough_for_the_next_connection() {
    let Some(traveller) = traveller() else { return };
    let screen = terminal(&traveller);
    let script = "for i in 1 2; do curl -sS -m 100 http://api.example.com/; done";
    screen.line(&format!("pinfold run --ask -- bash -c '{script}' < /dev/null > said 2>&1 & clear"));
    answer(&screen, "api.example.com", "s");
    assert!(said(&traveller, "api says hello\napi says hello\n"), "{}", screen.shown());
}

#[test]
fn who_says_nothing_says_no() {
    let Some(traveller) = traveller() else { return };
    let script = "curl -sS -m 300 http://evil.example.com/; echo $?";
    let ended = traveller.inside(&["--ask"], script).run();
    assert!(ended.took > Duration::from_secs(55), "{:?}", ended.took);
    let text = ended.says("refused: ").says("evil.example.com").ok();
    assert!(text.contains("the user did not say yes"), "{text}");
    assert!(!traveller.log().contains("evil"), "{}", traveller.log());
}

#[test]
fn the_commands_own_screen_shows_no_question() {
    let Some(traveller) = traveller() else { return };
    if lacks("script") {
        return;
    }
    let screen = terminal(&traveller);
    let run = "pinfold run --ask -- curl -sS -m 100 http://api.example.com/";
    screen.line(&format!("script -qfec '{run}' said < /dev/null > /dev/null 2>&1 & clear"));
    answer(&screen, "api.example.com", "o");
    assert!(said(&traveller, "api says hello"), "{}", screen.shown());
    assert!(!traveller.0.read("home/project/said").contains("wants to connect"), "the question is elsewhere");
}

#[test]
fn a_run_without_a_terminal_of_its_own_asks_where_it_was_started() {
    let Some(traveller) = traveller() else { return };
    let screen = terminal(&traveller);
    let run = "pinfold run --ask -- curl -sS -m 100 http://api.example.com/ < /dev/null > said 2> complained";
    screen.line(&format!("clear; {run}"));
    screen.shows("wants to connect to api.example.com:80");
    screen.line("yes?");
    screen.shows("o, s, a or d:");
    screen.line("o");
    screen.until("show the shell again", |shown| shown.trim_end().ends_with("world$"));
    assert!(said(&traveller, "api says hello"), "{}", screen.shown());
}

#[test]
fn programs_watch_by_lines() {
    let Some(traveller) = traveller() else { return };
    let script = "pinfold watch --json > ../watched & pinfold watch > ../lines &
        pinfold run --allow-host api.example.com -- bash -c 'sleep 1; echo x > .envrc; sleep 0.3; curl -sS http://api.example.com/; curl -sS -m 5 http://evil.example.com/'
        sleep 3; kill %1 %2; wait; true";
    traveller.call(&["bash", "-c", script]).run().says("evil.example.com");
    let watched = traveller.0.read("home/watched");
    for words in [
        r#"{"session":{"version":4"#,
        r#""connected":"#,
        r#""name":"evil.example.com""#,
        r#""quarantined":"#,
        r#""event":"ended""#,
    ] {
        assert!(watched.contains(words), "{words}: {watched}");
    }
    let lines = traveller.0.read("home/lines");
    assert!(lines.contains("refused     name evil.example.com (A)"), "{lines}");
    assert!(lines.contains(".envrc appeared and is now"), "{lines}");
}

#[test]
fn a_killed_run_leaves_no_socket_for_long() {
    let desk = crate::desk::Desk::new();
    let control = desk.path("home/.local/state/pinfold/control");
    let sockets = || std::fs::read_dir(&control).map_or(0, Iterator::count);
    let running = desk.pinfold(["run", "--", "sleep", "30"]).start();
    assert!(eventually(|| sockets() == 1), "a live run has a socket");
    running.signal(Signal::KILL);
    running.wait();
    assert_eq!(sockets(), 1, "nobody was there to take it away");
    assert!(desk.pinfold(["doctor", "--clean"]).run().ok().contains("repaired"));
    assert_eq!(sockets(), 0);
    desk.inside("true").ok();
    assert_eq!(sockets(), 0);
}

#[test]
fn a_state_directory_with_a_long_path_is_no_obstacle() {
    let desk = crate::desk::Desk::new();
    let state = desk.path("home").join("long-".repeat(40));
    let script = "pinfold run -- sleep 60 & run=$!; until timeout 2 pinfold watch | grep 'sleep 60'; do sleep 0.1; done; kill $run; wait";
    let call = desk.call("/bin/bash").arguments(["-c", script]).variable("XDG_STATE_HOME", &state);
    let text = call.run().ok();
    assert!(text.contains("sleep 60"), "{text}");
}

#[test]
fn the_page_gives_the_terminal_back_and_follows_its_size() {
    if lacks("tmux") {
        return;
    }
    let desk = crate::desk::Desk::new();
    let screen = Screen::new(&desk);
    screen.line("stty -g > before; pinfold run -- sleep 20 & clear");
    for end in ["q", "C-c", "kill"] {
        screen.line("clear; sh -c 'echo $$ > pid; exec pinfold watch'");
        screen.shows("1 live run,");
        screen.shows("sleep 20");
        screen.resize(60, 12);
        screen.shows("sleep 20");
        screen.resize(100, 30);
        match end {
            "kill" => drop(desk.outside("kill $(cat pid)").ok()),
            key => screen.key(key),
        }
        screen.is_back();
        screen.line("stty -g > writing; mv writing after; clear");
        let after = desk.workspace().join("after");
        assert!(eventually(|| after.exists()), "the shell goes on");
        assert_eq!(desk.read("home/project/before"), desk.read("home/project/after"), "{end}");
        desk.outside("rm after").ok();
        screen.shows("outer$");
    }
}

/// What a watcher hears first from the only run there is, after a program has put itself into more of a sandbox than the
/// supervisor is in: `with` is what it does to itself.
fn heard_by_a_watcher(desk: &Desk, with: &str) -> String {
    let program = format!(
        "import ctypes, glob, os, socket, struct
libc = ctypes.CDLL(None)
{with}
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(glob.glob(os.environ['HOME'] + '/.local/state/pinfold/control/*')[0])
print(s.recv(65536).decode())
"
    );
    desk.call("/usr/bin/python3").arguments(["-c", &program]).run().text()
}

#[test]
fn who_is_in_more_of_a_sandbox_than_the_run_hears_nothing_of_it() {
    // Not by hiding the socket: these programs are outside, where it is.
    let desk = Desk::new();
    let run = desk.pinfold(["run", "--", "sleep", "60"]).start();
    let sockets = || std::fs::read_dir(desk.path("home/.local/state/pinfold/control")).map_or(0, Iterator::count);
    assert!(eventually(|| sockets() == 1), "the run has a control socket");
    assert!(heard_by_a_watcher(&desk, "").contains("sleep"), "who is in none hears of it");
    let allowing_filter = "step = ctypes.create_string_buffer(struct.pack('HBBI', 0x06, 0, 0, 0x7fff0000))
filter = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 1, ctypes.addressof(step)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter, 0, 0) == 0";
    assert_eq!(heard_by_a_watcher(&desk, allowing_filter), "");
    let own_user_namespace = "assert libc.unshare(0x10000000) == 0";
    assert_eq!(heard_by_a_watcher(&desk, own_user_namespace), "");
    run.signal(Signal::TERM);
    run.wait();
}

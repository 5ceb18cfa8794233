//! At a real terminal: job control, window size, full-screen programs, and modes that come back.

use std::time::Duration;

use crate::desk::{Desk, lacks};
use crate::screen::Screen;

#[test]
fn a_shell_inside_has_job_control() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold shell");
    screen.prompts("inner$");
    screen.shows("inner$");
    screen.line("sleep 100");
    screen.shows("sleep 100");
    screen.key_until_shown("C-z", "Stopped");
    screen.line("clear; jobs");
    screen.shows("Stopped");
    screen.line("clear; fg");
    screen.shows_line("sleep 100");
    screen.key("C-c");
    screen.line("echo status=$?");
    screen.shows_line("status=130");
    screen.line("clear; exit 7");
    screen.is_back();
    screen.line("echo status=$?");
    screen.shows_line("status=7");
}

#[test]
fn the_window_size_follows() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- bash -c 'trap \"stty size\" WINCH; stty size; while :; do sleep 0.1; done'");
    screen.shows_line("30 100");
    screen.resize(120, 40);
    screen.shows_line("40 120");
    screen.key("C-c");
}

#[test]
fn a_run_can_be_suspended_and_continued() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- bash -c 'read answer; echo answer=$answer'");
    screen.key_until_shown("C-z", "Stopped");
    screen.line("clear; echo outside");
    screen.shows_line("outside");
    screen.line("fg");
    std::thread::sleep(Duration::from_millis(300));
    screen.line("yes");
    screen.shows_line("answer=yes");
}

#[test]
fn a_run_from_the_background_reads_once_it_is_in_front() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- bash -c 'read answer; echo answer=$answer' &");
    std::thread::sleep(Duration::from_millis(800));
    screen.line("clear; fg");
    std::thread::sleep(Duration::from_millis(800));
    screen.line("yes");
    screen.shows_line("answer=yes");
}

#[test]
fn a_run_in_the_background_writes_and_leaves_the_terminal_alone() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- bash -c 'sleep 0.5; echo written' &");
    screen.line("echo meanwhile=$((1 + 1))");
    screen.shows_line("meanwhile=2");
    screen.shows("written");
    screen.line("wait; echo status=$?");
    screen.shows_line("status=0");
}

#[test]
fn an_interrupt_ends_the_loop_around_a_run() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("for i in 1 2 3; do echo round=$i; pinfold run -- sleep 30; done");
    screen.shows_line("round=1");
    std::thread::sleep(Duration::from_millis(500));
    screen.key("C-c");
    screen.is_back();
    assert!(!screen.shown().contains("round=2\n"), "{}", screen.shown());
}

#[test]
fn a_full_screen_editor_writes_a_file() {
    if lacks("tmux") || lacks("vim") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- vim -u NONE README");
    screen.shows("a project");
    screen.text("ohello");
    screen.key("Escape");
    screen.line(":wq");
    screen.is_back();
    assert_eq!(desk.read("home/project/README"), "a project\nhello\n");
}

#[test]
fn a_pager_can_be_suspended_and_redraws() {
    if lacks("tmux") || lacks("less") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- less README");
    screen.shows("(END)");
    screen.key("C-z");
    screen.shows("Stopped");
    screen.line("clear; fg");
    screen.shows("(END)");
    screen.shows("a project");
    screen.text("q");
    screen.is_back();
}

#[test]
fn a_process_viewer_sees_the_run_alone() {
    if lacks("tmux") || lacks("top") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold run -- top");
    screen.shows("PID USER");
    screen.shows(" top");
    assert!(!screen.shown().contains("tmux"), "{}", screen.shown());
    screen.text("q");
    screen.is_back();
}

#[test]
fn the_modes_come_back_however_the_command_ends() {
    if lacks("tmux") {
        return;
    }
    for command in ["stty raw -echo", "stty raw -echo; kill -KILL $$", "stty raw -echo; sleep 1 & exit 3"] {
        let desk = Desk::new();
        let screen = Screen::new(&desk);
        screen.line("stty -a > before; clear");
        screen.line(&format!("pinfold run -- bash -c '{command}'; stty -a > after; clear; echo done"));
        screen.shows_line("done");
        assert_eq!(desk.read("home/project/before"), desk.read("home/project/after"), "after {command}");
    }
}

#[test]
fn a_terminal_that_is_only_the_output_is_one_inside() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("echo piped | pinfold run -- bash -c 'read x; test -t 0 || test -t 1 && echo $x'");
    screen.shows_line("piped");
    screen.line("pinfold run -- bash -c 'test -t 0 && ! test -t 1 && echo in' | cat");
    screen.shows_line("in");
}

#[test]
fn a_password_is_asked_at_the_terminal_while_the_input_is_a_pipe() {
    if lacks("tmux") || lacks("python3") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/project/ask.py", "import getpass\nprint('got', getpass.getpass())\n");
    let screen = Screen::new(&desk);
    screen.line("true | pinfold run -- /usr/bin/python3 ask.py");
    screen.shows("Password:");
    screen.line("open-sesame");
    screen.shows_line("got open-sesame");
}

#[test]
fn a_long_line_is_typed_whole() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    screen.line("pinfold shell");
    screen.prompts("inner$");
    screen.shows("inner$");
    screen.line(&format!("echo {} | wc -c > length; clear; echo done", "a".repeat(3000)));
    screen.shows_line("done");
    assert_eq!(desk.read("home/project/length").trim(), "3001");
}

#[test]
fn a_run_that_fails_names_what_tells_of_refused_files() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let screen = Screen::new(&desk);
    let told = "this tells which: pinfold trace -- ";
    screen.line("pinfold run -- ls nowhere; echo over");
    screen.shows(&format!("{told}ls …"));
    screen.shows_line("over");
    // Not where nothing failed, where nobody wants to hear it, or where there is a better answer.
    let others = [
        "run -- true",
        "run -- false",
        "run --quiet -- ls x",
        "run --json -- ls x",
        "run -- git config a.b c",
        "trace -- ls x",
    ];
    for (number, other) in others.iter().enumerate() {
        screen.line(&format!("clear; pinfold {other}; echo over {number}"));
        screen.shows_line(&format!("over {number}"));
        assert!(!screen.shown().contains(told), "{other}");
    }
}

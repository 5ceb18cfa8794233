//! Runs and watchers in one process, through the real pipe.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use pinfold_gate::link::{Answer, Endpoint, Process, Report, Verdict, Way};
use pinfold_policy::Decision;
use pinfold_runner::windows::nonce;

use super::{Bell, Control, Watched};
use crate::control::{Introduction, Question, Told};

/// How long anything that is expected may take.
const SOON: Duration = Duration::from_secs(20);

/// A name that no other test has.
fn id() -> String {
    nonce().unwrap().0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A run that remembers nothing.
fn run(id: &str) -> Control {
    try_to_run(id).unwrap()
}

fn try_to_run(id: &str) -> std::io::Result<Control> {
    let introduction = Introduction {
        workspace: r"C:\w".into(),
        profile: "workspace".into(),
        stage: None,
        command: vec!["agent".into()],
    };
    Control::open(id, introduction, Box::new(|_| Err("there is no policy to write to".to_owned())))
}

struct Watching {
    watched: Watched,
    bell: Bell,
}

impl Watching {
    fn new(id: &str) -> Self {
        let (bell, deadline) = (Bell::default(), Instant::now() + SOON);
        loop {
            // Between two visitors it is busy.
            match Watched::connect(id, &bell) {
                Ok(watched) => return Self { watched, bell },
                Err(error) if Instant::now() > deadline => panic!("{error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn try_hear(&mut self) -> std::io::Result<Told> {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(told) = self.watched.hear()? {
                return Ok(told);
            }
            assert!(Instant::now() < deadline, "nothing was said");
            self.bell.wait(SOON);
        }
    }

    fn hear(&mut self) -> Told {
        self.try_hear().unwrap()
    }
}

fn to() -> Endpoint {
    Endpoint { host: "a.example".into(), port: 443 }
}

fn question(id: u64) -> Report {
    Report::Question { id, to: to(), process: Some(Process { pid: 8, exe: Some("curl.exe".into()) }) }
}

fn refused() -> Report {
    let verdict = Verdict { decision: Decision::Unnamed, reason: "no rule".into(), rule: None };
    Report::Refused { id: 1, to: to(), way: Way::Connect, process: None, verdict, change: None }
}

/// Takes down what a gate is told.
fn gate(control: &Control) -> Receiver<(u64, Answer)> {
    let (put, answers) = channel();
    let answered = move |question: &Question, answer| put.send((question.id, answer)).unwrap();
    control.teller().gate_waits(Box::new(answered));
    answers
}

#[test]
fn who_watches_is_told_what_happens_and_what_has_happened() {
    let id = id();
    let control = run(&id);
    let mut first = Watching::new(&id);
    let Told::Session { id: named, command, .. } = first.hear() else { panic!("no introduction") };
    assert_eq!((named, command), (id.clone(), vec!["agent".to_owned()]));
    control.teller().seen(&refused());
    control.teller().quarantined("x".into(), None);
    assert!(matches!(first.hear(), Told::Network { report: Report::Refused { .. }, .. }));
    assert!(matches!(first.hear(), Told::Quarantined { moved_to: None, .. }));
    let mut second = Watching::new(&id);
    assert!(matches!(second.hear(), Told::Session { .. }));
    assert!(matches!(second.hear(), Told::Network { .. }));
    control.teller().quarantined("last".into(), None);
    drop(control);
    assert!(matches!(first.hear(), Told::Quarantined { path, .. } if path == "last"));
    assert_eq!(first.try_hear().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(Watched::connect(&id, &Bell::default()).is_err(), "the run is over");
}

#[test]
fn the_first_answer_counts() {
    let id = id();
    let control = run(&id);
    let answers = gate(&control);
    let mut watching = Watching::new(&id);
    watching.hear();
    control.teller().seen(&question(7));
    let Told::Question(asked) = watching.hear() else { panic!("no question") };
    assert_eq!(asked.sentence(), "`curl.exe` (8) wants to connect to a.example:443");
    watching.watched.answer(6, Answer::Once).unwrap();
    watching.watched.answer(7, Answer::Deny).unwrap();
    watching.watched.answer(7, Answer::Once).unwrap();
    assert!(matches!(watching.hear(), Told::Answered { id: 7, answer: Some(Answer::Deny), .. }));
    control.teller().seen(&question(8));
    watching.hear();
    watching.watched.answer(8, Answer::Always).unwrap();
    let Told::Answered { problem, .. } = watching.hear() else { panic!("no answer") };
    assert_eq!(problem.as_deref(), Some("there is no policy to write to"));
    assert_eq!(answers.iter().take(2).collect::<Vec<_>>(), [(7, Answer::Deny), (8, Answer::Always)]);
}

#[test]
fn questions_are_over_with_their_gate() {
    let id = id();
    let control = run(&id);
    let _answers = gate(&control);
    control.teller().seen(&question(1));
    let mut watching = Watching::new(&id);
    watching.hear();
    assert!(matches!(watching.hear(), Told::Question(_)), "it was asked before");
    control.teller().gate_has_ended();
    assert!(matches!(watching.hear(), Told::Answered { answer: None, .. }));
}

#[test]
fn a_place_that_is_taken_is_none() {
    let id = id();
    let control = run(&id);
    assert!(try_to_run(&id).is_err());
    drop(control);
    run(&id);
}

#[test]
fn who_does_not_read_is_left_behind_and_holds_up_nothing() {
    let id = id();
    let control = run(&id);
    let mut deaf = Watching::new(&id);
    deaf.hear();
    let mut watching = Watching::new(&id);
    watching.hear();
    for _ in 0..3000 {
        control.teller().seen(&refused());
        assert!(matches!(watching.hear(), Told::Network { .. }));
    }
}

#[test]
fn there_are_no_more_watchers_than_there_may_be() {
    let id = id();
    let _control = run(&id);
    let mut watching: Vec<Watching> = (0..crate::control::WATCHERS_MAX).map(|_| Watching::new(&id)).collect();
    watching.iter_mut().for_each(|watching| drop(watching.hear()));
    assert_eq!(Watching::new(&id).try_hear().unwrap_err().kind(), ErrorKind::PermissionDenied);
}

//! Files that are there to be attacked, outside of everything writable and inside, and how they look afterwards.

use std::io;
use std::path::{Path, PathBuf};

use super::attempt::{Attempt, Expected};
use super::{Breach, Mechanism};

/// Two directories of the same files. They go with this.
#[derive(Debug)]
pub struct Scene {
    outside: PathBuf,
    inside: PathBuf,
}

/// What the files hold at first.
const TEXT: &str = "as it was";

impl Scene {
    /// Makes both directories, with a name that nothing else has.
    pub fn build(outside: &Path, inside: &Path, name: &str) -> io::Result<Self> {
        let scene = Self { outside: outside.join(name), inside: inside.join(name) };
        for directory in [&scene.outside, &scene.inside] {
            std::fs::create_dir_all(directory)?;
            for file in ["written", "renamed", "removed"] {
                std::fs::write(directory.join(file), TEXT)?;
            }
        }
        Ok(scene)
    }

    /// The directory that nothing inside can write, for what else belongs to the check.
    pub fn outside(&self) -> &Path {
        &self.outside
    }

    /// What is tried: nothing outside should be done, everything inside should.
    pub fn attempts(&self) -> Vec<Expected> {
        [(&self.outside, false), (&self.inside, true)]
            .into_iter()
            .flat_map(|(place, done)| attacks(place, done))
            .collect()
    }

    /// What is not as it should be, by looking at the files, whatever has been told.
    pub fn judge(&self) -> Vec<Breach> {
        let outside = changes(&self.outside).into_iter().filter(|(_, changed)| *changed);
        let inside = changes(&self.inside).into_iter().filter(|(_, changed)| !changed);
        let what = |directory: &Path, what: &str, is: &str| {
            Breach::new(Mechanism::Attempt, format!("in {} a file {is} {what}", directory.display()))
        };
        let outside = outside.map(|(deed, _)| what(&self.outside, deed, "was"));
        outside.chain(inside.map(|(deed, _)| what(&self.inside, deed, "was not"))).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for directory in [&self.outside, &self.inside] {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

fn attacks(place: &Path, done: bool) -> Vec<Expected> {
    let attempts = [
        Attempt::Write(place.join("written")),
        Attempt::Create(place.join("created")),
        Attempt::MakeDirectory(place.join("made")),
        Attempt::Rename(place.join("renamed"), place.join("renamed-away")),
        Attempt::Remove(place.join("removed")),
    ];
    attempts.map(|attempt| Expected { attempt, done }).into()
}

/// What can have been done to a directory, and whether it was.
fn changes(directory: &Path) -> [(&'static str, bool); 5] {
    let text = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
    let is_there = |name: &str| std::fs::symlink_metadata(directory.join(name)).is_ok();
    let as_it_was = |name: &str| text(name).as_deref() == Some(TEXT);
    [
        ("written", !as_it_was("written")),
        ("created", is_there("created")),
        ("made", is_there("made")),
        ("renamed", is_there("renamed-away") || !as_it_was("renamed")),
        ("removed", !as_it_was("removed")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::attempt::differences;
    use super::*;

    fn scene(name: &str) -> (Scene, PathBuf) {
        let root = std::env::temp_dir().join(format!("pinfold-scene-{}-{name}", std::process::id()));
        (Scene::build(&root.join("outside"), &root.join("inside"), "x").unwrap(), root)
    }

    fn try_out(attempts: &[Expected], which: impl Fn(&Expected) -> bool) -> String {
        let outcomes = attempts.iter().map(|expected| match which(expected) {
            true => serde_json::to_string(&expected.attempt.carry_out(&|_, _| Ok(()))).unwrap() + "\n",
            false => "{\"refused\":\"no\"}\n".to_owned(),
        });
        outcomes.collect()
    }

    #[test]
    fn a_sandbox_that_holds_has_no_breach() {
        let (scene, root) = scene("holds");
        let attempts = scene.attempts();
        let told = try_out(&attempts, |expected| expected.done);
        assert_eq!((scene.judge(), differences(&attempts, &told)), (vec![], vec![]));
        drop(scene);
        assert!(!root.join("inside/x").exists());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn where_nothing_is_confined_every_deed_is_seen() {
        let (scene, root) = scene("open");
        let attempts = scene.attempts();
        let told = try_out(&attempts, |_| true);
        assert_eq!((scene.judge().len(), differences(&attempts, &told).len()), (5, 5));
        drop(scene);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn where_nothing_can_be_done_at_all_the_same_is_seen() {
        let (scene, root) = scene("shut");
        assert_eq!(scene.judge().len(), 5);
        drop(scene);
        std::fs::remove_dir_all(root).unwrap();
    }
}

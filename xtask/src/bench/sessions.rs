//! The same hour of work in a stage and in what others offer for it: how long it takes to begin, to work, and to take over what
//! was done, and what it takes on the disk meanwhile.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use super::measures::Bench;
use super::scene;
use crate::shell::{Result, command, read, run, which};

/// Edits twenty files, makes two hundred, removes ten, renames a directory, and builds fifty megabytes.
const WORK: &str = "set -e
for i in 0 1 2 3 4 5 6 7 8 9; do sed -i 's/fox/cat/' tree-0/group-0/file-$i.txt tree-0/group-1/file-10$i.txt; done
mkdir new; i=0; while [ $i -lt 200 ]; do echo new > new/$i; i=$((i + 1)); done
for i in 0 1 2 3 4 5 6 7 8 9; do rm tree-0/group-30/file-300$i.txt; done
mv tree-0/group-31 tree-0/renamed
mkdir build; head -c 52428800 /dev/zero | tr '\\\\0' x > build/out";

/// One way to work beside the workspace. Each part is a script that is run in the workspace, with `$PINFOLD` and `$WORK`,
/// which is in `../work.sh` as well.
struct Way {
    name: &'static str,
    /// A program without which it cannot be measured, and where it comes from.
    needs: Option<(&'static str, &'static str)>,
    /// Makes what is needed, and runs the smallest command in it.
    begin: &'static str,
    work: &'static str,
    /// Nothing, where there is no way for it.
    take_over: Option<&'static str>,
}

const WAYS: [Way; 8] = [
    Way {
        name: "directly, nothing beside",
        needs: None,
        begin: "true",
        work: "sh -c \"$WORK\"",
        take_over: Some("true"),
    },
    Way {
        name: "`pinfold run --session`",
        needs: None,
        begin: "\"$PINFOLD\" run --session s -- true",
        work: "\"$PINFOLD\" run --session s -- sh -c \"$WORK\"",
        take_over: Some("\"$PINFOLD\" apply s"),
    },
    Way {
        name: "sandlock",
        needs: Some(("sandlock", "cargo install sandlock-cli")),
        begin: "sandlock run --workdir . -r / -w . --on-exit abort -- true",
        work: "sandlock run --workdir . -r / -w . --on-exit commit -- sh -c \"$WORK\"",
        take_over: None,
    },
    Way {
        name: "try",
        needs: Some(("try", "github.com/binpash/try")),
        begin: "mkdir ../begun && try -N ../begun true",
        work: "mkdir ../tried && try -N ../tried sh ../work.sh",
        take_over: Some("try -y commit ../tried"),
    },
    Way {
        name: "agentfs",
        needs: Some(("agentfs", "github.com/tursodatabase/agentfs, and the package fuse3")),
        begin: "agentfs run --session begun true",
        work: "agentfs run --session s sh -c \"$WORK\"",
        take_over: None,
    },
    Way {
        name: "`git worktree`, commit and merge",
        needs: Some(("git", "apt-get install git")),
        begin: "git worktree add --quiet -b topic ../beside && cd ../beside && true",
        work: "cd ../beside && sh -c \"$WORK\"",
        take_over: Some(
            "cd ../beside && git add --all && git -c user.name=A -c user.email=a@example.org commit --quiet --message work \
             && cd ../workspace && git merge --quiet topic",
        ),
    },
    Way {
        name: "`cp -a`, and `rsync` back",
        needs: Some(("rsync", "apt-get install rsync")),
        begin: "cp -a . ../beside && cd ../beside && true",
        work: "cd ../beside && sh -c \"$WORK\"",
        take_over: Some("rsync -a --delete ../beside/ ."),
    },
    Way {
        name: "`cp -a --reflink=always`, and `rsync` back",
        needs: Some(("rsync", "apt-get install rsync")),
        begin: "cp -a --reflink=always . ../beside && cd ../beside && true",
        work: "cd ../beside && sh -c \"$WORK\"",
        take_over: Some("rsync -a --delete ../beside/ ."),
    },
];

/// What one round found.
struct Found {
    /// Milliseconds to begin, to work and to take over.
    took: [Option<f64>; 3],
    /// Bytes on the disk beside the workspace, when the work was done.
    bytes: u64,
    /// The names and contents that are left in the workspace.
    left: String,
}

impl Bench {
    /// All ways in turn, as often as there are rounds.
    pub(super) fn sessions(&self) -> Result<String> {
        let model = scene::project(&self.scenes)?;
        let mut table = format!(
            "\n### An hour of work beside a workspace of {} files\n\n| | begin ms | work ms | take over ms | MiB beside | result |\n\
             | --- | --- | --- | --- | --- | --- |\n",
            scene::PROJECT_FILES
        );
        let (there, missing): (Vec<_>, Vec<_>) =
            WAYS.iter().partition(|way| way.needs.is_none_or(|(program, _)| which(program).is_some()));
        let mut found: Vec<Vec<Result<Found>>> = there.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.rounds {
            for (way, found) in there.iter().zip(&mut found) {
                found.push(self.one(way, &model));
            }
        }
        let wanted = found.first().and_then(|rounds| rounds.first()?.as_ref().ok()).map(|round| round.left.clone());
        let (wanted, untouched) = (wanted.unwrap_or_default(), contents(&model)?);
        for (way, rounds) in there.iter().zip(found) {
            table += &line(way.name, rounds, &wanted, &untouched);
        }
        for way in missing {
            let (program, from) = way.needs.unwrap_or_default();
            table += &format!("| {} | {program} is missing ({from}) | | | | |\n", way.name);
        }
        Ok(table)
    }

    /// One way, in a workspace that is fresh.
    fn one(&self, way: &Way, model: &Path) -> Result<Found> {
        let place = self.scenes.join("session");
        remove(&place)?;
        std::fs::create_dir_all(place.join("home"))?;
        run(command("cp", ["-a"]).arg(model).arg(place.join("workspace")))?;
        std::fs::write(place.join("work.sh"), WORK)?;
        let before = space(&place);
        let begin = self.timed(way.begin, &place)?;
        let work = self.timed(way.work, &place)?;
        let bytes = space(&place) - before;
        let take_over = way.take_over.map(|script| self.timed(script, &place)).transpose()?;
        let left = contents(&place.join("workspace"))?;
        remove(&place)?;
        Ok(Found { took: [Some(begin), Some(work), take_over], bytes, left })
    }

    fn timed(&self, script: &str, place: &Path) -> Result<f64> {
        let mut shell = command("sh", ["-c", script]);
        shell.current_dir(place.join("workspace")).env("HOME", place.join("home"));
        let started = Instant::now();
        read(shell.env("PINFOLD", &self.program).env("WORK", WORK))?;
        Ok(1000.0 * started.elapsed().as_secs_f64())
    }
}

/// The names and contents of all files of a workspace, as one digest.
fn contents(workspace: &Path) -> Result<String> {
    let list = "find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";
    read(command("sh", ["-c", list]).current_dir(workspace))
}

fn line(name: &str, rounds: Vec<Result<Found>>, wanted: &str, untouched: &str) -> String {
    let whole: Result<Vec<Found>> = rounds.into_iter().collect();
    let rounds = match whole {
        Ok(rounds) => rounds,
        Err(error) => {
            let said = error.to_string();
            let why: String = said.lines().last().unwrap_or_default().chars().take(100).collect();
            let why = why.replace('|', " ");
            return format!("| {name} | does not work here: {why} | | | | |\n");
        }
    };
    let took = |part: usize| {
        let times: Option<Vec<f64>> = rounds.iter().map(|round| round.took[part]).collect();
        times.map_or_else(|| "–".to_owned(), |times| format!("{:.0}", median(times)))
    };
    let mib = median(rounds.iter().map(|round| round.bytes as f64).collect()) / f64::from(1 << 20);
    let all_left = |left: &str| rounds.iter().all(|round| round.left == left);
    let result = match (all_left(wanted), all_left(untouched)) {
        (true, _) => "the same as directly",
        (_, true) => "nothing is taken over",
        _ => "another one than directly",
    };
    format!("| {name} | {} | {} | {} | {mib:.0} | {result} |\n", took(0), took(1), took(2))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a tree takes on the disk, in bytes.
fn space(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    let below = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| space(&entry.path())).sum::<u64>();
    metadata.blocks() * 512 + below
}

/// Removes a tree in which overlays left closed directories.
fn remove(path: &Path) -> Result<()> {
    run(command("sh", ["-c", "[ ! -e \"$0\" ] || { chmod -R u+rwX \"$0\"; rm -rf \"$0\"; }"]).arg(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_fails_or_leaves_something_else_says_so() {
        let found = |left: &str| Ok(Found { took: [Some(1.0), Some(20.0), None], bytes: 3 << 20, left: left.into() });
        assert_eq!(line("a", vec![found("x")], "x", "z"), "| a | 1 | 20 | – | 3 | the same as directly |\n");
        assert!(line("a", vec![found("x"), found("y")], "x", "z").contains("another one"));
        assert!(line("a", vec![found("z"), found("z")], "x", "z").contains("nothing is taken over"));
        assert!(line("a", vec![found("x"), Err("much\nno | no".into())], "x", "z").contains("here: no   no |"));
    }
}

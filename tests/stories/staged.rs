//! Staged runs: what an agent wrote waits until its user takes it over, hunk by hunk if he likes, or throws it away.

use serde_json::Value;

use std::time::Duration;

use pinfold_tests::eventually;

use rustix::process::Signal;

use crate::desk::{Desk, Ended};

impl Desk {
    /// A script in a stage.
    pub(crate) fn staged(&self, script: &str) -> Ended {
        self.inside_with(&["--staged"], script)
    }

    /// A command about the stage that was used last.
    pub(crate) fn about(&self, words: &[&str]) -> Ended {
        self.pinfold(words).run()
    }

    /// What the stage would change, by path.
    pub(crate) fn waits(&self) -> Vec<(String, String)> {
        let summary: Value = serde_json::from_str(&self.about(&["changes", "--json"]).ok()).expect("JSON");
        let workspace = self.workspace();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let line = |change: &Value| {
            let path = text(&change["path"]);
            let path = path.strip_prefix(&format!("{}/", workspace.display())).expect("in the workspace").to_owned();
            (path, text(&change["what"]))
        };
        summary["changes"].as_array().expect("a list").iter().map(line).collect()
    }

    /// All that is in the workspace, with modes, times and contents.
    pub(crate) fn everything(&self) -> String {
        let list = r"find . -printf '%p %y %m %T@ %l\n' | sort; find . -type f -exec sha256sum {} + | sort";
        self.outside(list).ok()
    }
}

#[test]
fn overlays_wait_for_no_disk() {
    let desk = Desk::new();
    desk.make(&desk.path("home/.npm"));
    for _ in 0..2 {
        // The mark that a mount leaves does not keep the next one away.
        let mounted = desk.inside_with(&["--session", "s"], "echo >> f; grep ' - overlay ' /proc/self/mountinfo").ok();
        assert!(mounted.lines().count() >= 2, "the workspace and a package cache: {mounted}");
        assert!(mounted.lines().all(|overlay| overlay.contains("volatile")), "{mounted}");
    }
}

#[test]
fn nothing_that_a_staged_run_does_reaches_the_workspace() {
    let desk = Desk::new();
    let before = desk.everything();
    let script = "set -e; echo changed > README; mkdir new; echo 1 > new/file; rm -r .git/hooks; chmod 700 .; \
                  git add -A; git commit --quiet -m agent; git config core.pager evil; ln -s /etc/passwd link";
    desk.staged(script).ok();
    assert_eq!(desk.everything(), before);
}

#[test]
fn a_run_in_a_stage_sees_what_it_wrote_and_the_next_one_goes_on_there() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "topic"], "echo one > file; rm README").ok();
    assert_eq!(desk.inside_with(&["--session", "topic"], "cat file; ls").ok(), "one\nfile");
    assert_eq!(desk.staged("ls").ok(), "README");
    assert_eq!(desk.outside("ls").ok(), "README");
}

#[test]
fn what_was_written_is_listed_shown_and_taken_over() {
    let desk = Desk::new();
    desk.staged("set -e; echo more >> README; mkdir -p a/b; echo 1 > a/b/file; ln -s b a/link").ok();
    let waits = desk.waits();
    let names: Vec<&str> = waits.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["README", "a", "a/b", "a/b/file", "a/link"]);
    let diff = desk.about(&["diff", "README"]).ok();
    assert!(diff.contains("--- a/README\n+++ b/README\n@@ -1 +1,2 @@\n a project\n+more"), "{diff}");
    desk.about(&["apply"]).ok();
    assert_eq!(desk.outside("cat README a/b/file; readlink a/link").ok(), "a project\nmore\n1\nb");
    assert!(desk.waits().is_empty());
}

#[test]
fn git_takes_the_diff_as_a_patch() {
    let desk = Desk::new();
    desk.staged("set -e; echo more >> README; chmod +x README; mkdir a; printf 'no newline' > 'a/na me'").ok();
    let patch = desk.about(&["diff"]).ok();
    desk.write("home/patch", format!("{patch}\n"));
    desk.outside("git apply ../patch").ok();
    assert_eq!(desk.outside("cat README 'a/na me'; test -x README").ok(), "a project\nmore\nno newline");
}

#[test]
fn some_is_taken_over_and_the_rest_waits_or_goes() {
    let desk = Desk::new();
    desk.staged("echo more >> README; echo 1 > one; mkdir -p d/e; echo 2 > d/e/two").ok();
    desk.about(&["apply", "d/e/two"]).ok();
    assert_eq!(desk.outside("cat README d/e/two; ls").ok(), "a project\n2\nREADME\nd");
    let left: Vec<String> = desk.waits().into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, ["README", "one"]);
    desk.about(&["discard"]).ok();
    desk.about(&["changes"]).ends_with(125).says("no stage");
    assert_eq!(desk.outside("ls").ok(), "README\nd");
}

#[test]
fn hunks_are_taken_over_one_by_one() {
    let desk = Desk::new();
    let lines: String = (1..=30).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.staged("sed -i 's/^2$/two/; s/^28$/twenty-eight/' file; echo x > other").ok();
    let answered = desk.pinfold(["apply", "--hunks"]).input("n\ny\nn\n").run();
    answered.says("(1/2) take this hunk over").says("twenty-eight").ok();
    let file = desk.read("home/project/file");
    assert!(file.contains("\n2\n") && file.contains("\ntwenty-eight\n"), "{file}");
    let left: Vec<String> = desk.waits().into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, ["file", "other"]);
}

#[test]
fn what_was_taken_over_is_taken_back_to_the_last_byte() {
    let desk = Desk::new();
    desk.outside("mkdir d; echo 1 > d/one; chmod 640 d/one; touch -d 2001-01-01 d/one README d; setfattr -n user.x -v y README || true").ok();
    let before = desk.everything();
    desk.staged("set -e; rm -r d; echo d > d; echo more >> README; chmod 600 README; mkdir n; touch n/x").ok();
    desk.about(&["apply"]).ok();
    assert_ne!(desk.everything(), before);
    desk.about(&["undo"]).ok();
    assert_eq!(desk.everything(), before);
    desk.about(&["undo"]).ends_with(125).says("nothing to undo");
}

#[test]
fn what_was_taken_back_waits_in_the_stage_again() {
    let desk = Desk::new();
    desk.staged("set -e; mkdir d; echo 1 > d/one; echo more >> README; git add -A; git commit --quiet -m agent").ok();
    // Objects stay in the repository, as what somebody commits then may need them.
    let waits = || desk.waits().into_iter().filter(|(path, _)| !path.contains("/objects/")).collect::<Vec<_>>();
    let before = waits();
    desk.about(&["apply"]).ok();
    // Git writes its index whenever it looks.
    desk.outside("sleep 1; git status --short").ok();
    desk.about(&["undo"]).ok();
    assert_eq!(
        desk.outside("git log --format=%s; git status --short; ls").ok(),
        "first
README"
    );
    assert_eq!(waits(), before);
    desk.about(&["apply"]).ok();
    assert_eq!(
        desk.outside("git log -1 --format=%s; cat README d/one").ok(),
        "agent
a project
more
1"
    );
    desk.about(&["discard"]).ok();
    desk.about(&["undo"]).ends_with(125).says("would be lost");
    desk.about(&["undo", "--lose"]).ok();
    assert_eq!(desk.outside("ls; cat README").ok(), "README\na project");
}

#[test]
fn taking_over_and_back_are_whole_whenever_somebody_is_killed() {
    let desk = Desk::new();
    desk.outside("mkdir d; for i in {1..200}; do echo $i > d/$i; done").ok();
    desk.staged(
        "for i in {1..200}; do echo x >> d/$i; done; mkdir n; for i in {1..100}; do echo $i > n/$i; done; rm d/7",
    )
    .ok();
    let contents = || desk.outside("find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort").ok();
    let (before, waits) = (contents(), desk.waits().len());
    desk.about(&["apply"]).ok();
    let after = contents();
    for number in 0..12 {
        let words = if contents() == before { ["apply"] } else { ["undo"] };
        let running = desk.pinfold(words).start();
        std::thread::sleep(Duration::from_millis(number * 25));
        running.signal(rustix::process::Signal::KILL);
        running.wait();
        // Whoever comes next finishes it, or turns it back, and knows what waits.
        let left = desk.waits().len();
        let now = contents();
        assert!(now == before && left == waits || now == after && left == 0, "{words:?} after {number}: {left} wait");
    }
}

#[test]
fn what_is_shown_and_offered_is_what_taking_over_would_change() {
    let desk = Desk::new();
    let lines: String = (1..=30).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.staged("sed -i 's/^2$/two/' file").ok();
    desk.outside("sed -i 's/^28$/mine/' file").ok();
    let diff = desk.about(&["diff"]).ok();
    assert!(diff.contains("+two") && !diff.contains("mine"), "{diff}");
    desk.pinfold(["apply", "--hunks"]).input("y\n").run().ok();
    let file = desk.read("home/project/file");
    assert!(file.contains("\ntwo\n") && file.contains("\nmine\n"), "{file}");
    desk.staged("echo agent >> README").ok();
    desk.outside("echo mine >> README").ok();
    assert!(desk.about(&["changes"]).ok().contains("README  x "));
}

#[test]
fn new_directories_with_much_in_them_are_one_line_and_wrong_names_are_told() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "a"], "mkdir -p node_modules/x; touch node_modules/x/{1..30}; echo 1 > one").ok();
    assert_eq!(desk.about(&["changes"]).ok(), "A node_modules/ with 31 below\nA one");
    assert_eq!(desk.about(&["changes", "--all"]).ok().lines().count(), 33);
    desk.about(&["changes", "nonsuch"]).ends_with(125).says("nothing has changed at");
    desk.inside_with(&["--session", "b"], "echo 1 > one").ok();
    desk.about(&["discard"]).ends_with(125).says("several stages");
    desk.about(&["discard", "a"]).ok();
    desk.about(&["discard"]).ok();
}

#[test]
fn what_its_user_has_changed_meanwhile_is_merged_or_nothing_is_touched() {
    let desk = Desk::new();
    let lines: String = (1..=30).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.staged("sed -i 's/^2$/two/' file; echo agent >> README").ok();
    desk.outside("sed -i 's/^28$/mine/' file").ok();
    desk.about(&["apply", "file"]).ok();
    let file = desk.read("home/project/file");
    assert!(file.contains("\ntwo\n") && file.contains("\nmine\n"), "{file}");
    desk.outside("echo mine >> README").ok();
    let before = desk.everything();
    desk.about(&["apply"]).ends_with(125).says("README").says("the same lines");
    assert_eq!(desk.everything(), before);
}

#[test]
fn hooks_and_settings_are_taken_over_only_where_somebody_says_so() {
    let desk = Desk::new();
    let script = "set -e; echo 'exit 0' > .git/hooks/pre-commit; git config core.pager evil; mkdir .vscode; \
                  echo '{}' > .vscode/tasks.json; echo more >> README";
    desk.staged(script).ok();
    let applied = desk.about(&["apply"]);
    applied.says(".git/hooks/pre-commit").says(".git/config").says("--traps").ok();
    let here = "cat README; git config core.pager; ls .git/hooks/pre-commit .vscode 2>/dev/null; true";
    assert_eq!(desk.outside(here).ok(), "a project\nmore");
    desk.about(&["apply", "--traps"]).ok();
    assert!(desk.outside(here).ok().contains("evil"));
}

#[test]
fn commits_come_over_and_what_git_notes_for_itself_is_in_nobodys_way() {
    let desk = Desk::new();
    desk.staged("set -e; echo more >> README; git commit --quiet -a -m agent; git branch topic").ok();
    desk.outside("sleep 1; touch README; git status >/dev/null").ok();
    desk.about(&["apply"]).ok();
    let script = "git log --format=%s; git branch --format='%(refname:short)'; git status --short; git fsck --strict";
    assert_eq!(desk.outside(script).ok(), "agent\nfirst\nmain\ntopic");
}

#[test]
fn a_branch_that_has_moved_on_stays_and_that_of_the_stage_comes_beside_it() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "topic"], "set -e; echo 1 > one; git add one; git commit --quiet -m agent").ok();
    desk.outside("echo 2 > two; git add two; git commit --quiet -m mine").ok();
    desk.about(&["apply"]).says("refs/pinfold/topic/heads/main").ok();
    let script = "git log --format=%s main; git log --format=%s refs/pinfold/topic/heads/main; cat one two; git fsck";
    assert_eq!(desk.outside(script).ok(), "mine\nfirst\nagent\nfirst\n1\n2");
    // Then it waits no more, until a run goes on with it.
    assert_eq!(desk.about(&["changes"]).ok(), "");
    desk.about(&["apply"]).says("nothing was taken over").ok();
    desk.inside_with(&["--session", "topic"], "echo 3 > three; git add three; git commit --quiet -m again").ok();
    let changes = desk.about(&["changes"]).ok();
    assert!(changes.contains("~ comes beside yours, at refs/pinfold/topic/heads/main") && !changes.contains("  x "));
    desk.about(&["apply"]).says("refs/pinfold/topic/heads/main").ok();
    assert_eq!(desk.outside("git log --format=%s refs/pinfold/topic/heads/main").ok(), "again\nagent\nfirst");
}

#[test]
fn a_branch_that_was_checked_out_inside_is_checked_out() {
    let desk = Desk::new();
    let script = "git checkout -q -b feature; echo 1 > one; git add one; git commit --quiet -m agent";
    desk.inside_with(&["--session", "topic"], script).ok();
    desk.about(&["apply"]).ok();
    assert_eq!(desk.outside("git status --short --branch; git log --format=%s").ok(), "## feature\nagent\nfirst");
}

#[test]
fn what_git_notes_for_its_own_use_is_no_conflict() {
    let desk = Desk::new();
    let script = "git branch feature; echo 1 > one; git add one; git commit --quiet -m agent; git branch -f feature; git reset -q --hard HEAD~";
    desk.inside_with(&["--session", "topic"], script).ok();
    desk.outside("echo 2 > two; git add two; git commit --quiet -m mine").ok();
    desk.about(&["apply"]).ok();
    let script = "git log --format=%s; git log --format=%s feature; git reflog --format=%gs | head -1; git fsck";
    assert_eq!(desk.outside(script).ok(), "mine\nfirst\nagent\nfirst\ncommit: mine");
}

#[test]
fn branches_that_were_packed_inside_are_not_lost_beside_one_that_has_moved_on() {
    let desk = Desk::new();
    desk.outside("git branch feature").ok();
    let script = "echo 1 > one; git add one; git commit --quiet -m agent; git pack-refs --all";
    desk.inside_with(&["--session", "topic"], script).ok();
    desk.outside("echo 2 > two; git add two; git commit --quiet -m mine").ok();
    for _ in 0..2 {
        desk.about(&["apply"]).ok();
        assert_eq!(desk.outside("git branch --format='%(refname:short)'").ok(), "feature\nmain");
    }
}

/// Writes a pack whose index calls a file what another file is called.
const FALSE_PACK: &str = r#"
import binascii, hashlib, struct, sys, zlib
name, data = bytes.fromhex(sys.argv[1]), b"evil\n"
packed = bytes([3 << 4 | len(data)]) + zlib.compress(data)
pack = b"PACK" + struct.pack(">II", 2, 1) + packed
sum = hashlib.sha1(pack).digest()
index = b"\xfftOc" + struct.pack(">I", 2) + b"".join(struct.pack(">I", at >= name[0]) for at in range(256))
index += name + struct.pack(">II", binascii.crc32(packed), 12) + sum
path = ".git/objects/pack/pack-" + sum.hex()
open(path + ".pack", "wb").write(pack + sum)
open(path + ".idx", "wb").write(index + hashlib.sha1(index).digest())
"#;

#[test]
fn a_pack_that_holds_something_else_than_it_says_is_not_taken_over() {
    let desk = Desk::new();
    desk.write("home/project/false.py", FALSE_PACK);
    let plant = "mkdir -p .git/objects/pack; python3 false.py $(git rev-parse HEAD:README)";
    // The control: without pinfold git believes it.
    desk.outside(&format!("cp -r . ../copy; cd ../copy; {plant}; rm README; git checkout -q README; cat README")).ok();
    assert_eq!(desk.read("home/copy/README"), "evil\n");
    desk.inside_with(&["--session", "s"], &format!("echo 1 > one; {plant}")).ok();
    desk.about(&["apply"]).says("is no pack as git makes them").ends_with(125);
    desk.about(&["apply", "one", "--mine", ".git/objects"]).ok();
    assert_eq!(desk.outside("rm README; git checkout -q README; cat README one").ok(), "a project\n1");
    // Those that git makes are taken over, without what it can make again.
    desk.inside_with(&["--session", "t"], "echo more >> README; git commit -qam two; git gc -q").ok();
    desk.about(&["apply", "t"]).ok();
    assert_eq!(
        desk.outside("git fsck --strict; git log --format=%s; git status -s; ls one").ok(),
        "two\nfirst\n?? false.py\n?? one\none"
    );
    assert_eq!(desk.outside("ls .git/objects/pack | grep -cE '[.](rev|bitmap)$'; ls .git/objects/info").text(), "0");
    assert_eq!(desk.about(&["changes", "t"]).ok(), "");
    // What somebody builds on them keeps them.
    desk.outside("git branch mine").ok();
    desk.about(&["undo"]).ok();
    assert_eq!(desk.outside("git fsck --strict; git log --format=%s mine").ok(), "two\nfirst");
}

/// Puts an object under the name of another one, whether that is there or not, below a directory of objects.
const OTHER_OBJECT: &str = r#"
import os, sys, zlib
path = sys.argv[1] + "/" + sys.argv[2][:2] + "/" + sys.argv[2][2:]
os.makedirs(os.path.dirname(path), exist_ok=True)
if os.path.exists(path): os.unlink(path)
open(path, "wb").write(zlib.compress(b"blob 5\0evil\n"))
"#;

#[test]
fn an_object_that_is_something_else_than_its_name_says_is_not_taken_over() {
    let desk = Desk::new();
    desk.write("home/project/one.py", OTHER_OBJECT);
    let plant = "python3 one.py .git/objects $(echo later | git hash-object --stdin)";
    let write = "echo later > README; git add README; rm README; git checkout -q README; cat README";
    // The control: without pinfold git believes it.
    desk.outside(&format!("cp -r . ../copy; cd ../copy; {plant}; {write}")).ok();
    assert_eq!(desk.read("home/copy/README"), "evil\n");
    desk.inside_with(&["--session", "s"], &format!("echo 1 > one; {plant}")).ok();
    desk.about(&["apply"]).says("is no object as git makes them").ends_with(125);
    desk.about(&["apply", "one", "--mine", ".git/objects"]).ok();
    assert_eq!(desk.outside(&format!("{write}; cat one")).ok(), "later\n1");
    // Nor is one of a repository in the repository.
    let modules = format!("git init -q --bare .git/modules/m; {}", plant.replace("objects", "modules/m/objects"));
    desk.inside_with(&["--session", "m"], &modules).ok();
    desk.about(&["apply", "m", "--traps"]).says("is no object as git makes them").ends_with(125);
    // Those that git makes are, also with the longer names.
    let sound =
        "git commit -qam two; git init -q --object-format=sha256 sub; cd sub; echo 1 > a; git add a; git commit -qm a";
    desk.inside_with(&["--session", "t"], sound).ok();
    desk.about(&["apply", "t", "--traps"]).ok();
    assert_eq!(desk.outside("git fsck --strict; git log --format=%s; git -C sub fsck --strict").ok(), "two\nfirst");
}

/// Puts another object into the only pack of a git directory, and leaves its index and its sum as they are.
const OTHER_IN_PACK: &str = r#"
import glob, os, sys, zlib
index = glob.glob(sys.argv[1] + "/objects/pack/*.idx")[0]
path = index[:-3] + "pack"
pack = bytearray(open(path, "rb").read())
for at in range(12, len(pack) - 20):
    try:
        stream = zlib.decompressobj()
        said = stream.decompress(bytes(pack[at:]))
    except zlib.error:
        continue
    if said == b"part\n":
        room = len(pack) - at - len(stream.unused_data)
        other = zlib.compress(b"evil\n", 9)
        assert len(other) <= room, (len(other), room)
        pack[at:at + len(other)] = other
        os.chmod(path, 0o644)
        open(path, "wb").write(pack)
        sys.exit()
sys.exit("no such object")
"#;

#[test]
fn nothing_false_is_taken_over_wherever_git_looks_for_objects() {
    let desk = Desk::new();
    desk.write("home/one.py", OTHER_OBJECT);
    desk.write("home/pack.py", OTHER_IN_PACK);
    desk.outside(
        "git init -q ../m; cd ../m; echo part > part; git add part; git commit -qm part; cd ../project; \
         git -c protocol.file.allow=always submodule --quiet add --name logs ../m sub; git commit -qam sub; \
         git clone -q --bare ../m ../m.git; git -C ../m.git worktree add -q ../tree",
    )
    .ok();
    let id = desk.outside("git -C sub rev-parse HEAD:part").ok();
    let tools = ["--read", "../one.py", "--read", "../pack.py"];
    let show = "git -C sub show HEAD:part";
    let loose = |directory: &str| format!("python3 ../one.py {directory} {id}");
    let alternates = format!(
        "{}; rm .git/modules/logs/objects/??/{}; echo $PWD/cache > .git/modules/logs/objects/info/alternates",
        loose("cache"),
        &id[2..]
    );
    // Git believes each of them, where nobody looks.
    let believed = |plant: &str, show: &str| {
        let copy = format!(
            "rm -rf ../copy; mkdir ../copy; cp -r ../m ../m.git ../project ../*.py ../copy; cd ../copy/project; {plant}; {show}"
        );
        assert_eq!(desk.outside(&copy).ok(), "evil", "{plant}");
    };
    for plant in [loose(".git/modules/logs/objects"), alternates] {
        believed(&plant, "git --git-dir .git/modules/logs show HEAD:part");
        desk.inside_with(&[&tools[..], &["--session", "s"]].concat(), &plant).ok();
        desk.about(&["apply", "s"]).code();
        desk.about(&["discard", "s"]).ok();
        assert!(!desk.outside(show).text().contains("evil"), "{plant}");
        desk.outside("rm -f .git/modules/logs/objects/info/alternates; git -C sub fetch -q --refetch").code();
        assert_eq!(desk.outside(show).ok(), "part");
    }
    // A bare repository with a tree elsewhere.
    let bare =
        desk.pinfold(["run", "--session", "s", "--read", "../one.py", "--", "sh", "-c", &loose("../m.git/objects")]);
    bare.directory("home/tree").run().ok();
    desk.pinfold(["apply", "s"]).directory("home/tree").run().says("is no object as git makes them").ends_with(125);
    assert_eq!(desk.outside("git -C ../tree show HEAD:part").ok(), "part");
    // A pack that comes without its index, which is known and right.
    desk.outside("git -C sub gc -q").ok();
    let pack = "python3 ../pack.py .git/modules/logs";
    believed(pack, "git --git-dir .git/modules/logs show HEAD:part");
    desk.inside_with(&[&tools[..], &["--session", "t"]].concat(), pack).ok();
    desk.about(&["apply", "t", "--traps"]).says("is no pack as git makes them").ends_with(125);
    assert_eq!(desk.outside(show).ok(), "part");
}

#[test]
fn what_stands_in_for_objects_is_asked_about() {
    let desk = Desk::new();
    let replace = "git replace $(git rev-parse HEAD:README) $(echo evil | git hash-object -w --stdin)";
    let packed = format!("{replace}; git pack-refs --all");
    for (plant, says, code) in [
        (replace, "in the place of those that it names", 0),
        (&packed, "is no list of branches as git makes them", 125),
    ] {
        desk.outside(&format!("rm -rf ../copy; cp -r . ../copy; cd ../copy; {plant}; git show HEAD:README > ../seen"))
            .ok();
        assert_eq!(desk.read("home/seen"), "evil\n");
        desk.inside_with(&["--session", "s"], plant).ok();
        desk.about(&["apply", "s"]).says(says).ends_with(code);
        assert_eq!(desk.outside("git show HEAD:README").ok(), "a project", "{plant}");
        desk.about(&["discard", "s"]).ok();
    }
}

#[test]
fn a_tree_that_is_too_deep_hides_nothing_and_goes_with_its_stage() {
    let desk = Desk::new();
    let name = "d".repeat(200);
    desk.write(
        "home/project/deep.py",
        format!("import os\nfor i in range(1500): os.mkdir('{name}'); os.chdir('{name}')\nopen('f', 'w').close()"),
    );
    desk.inside_with(&["--session", "s"], "python3 deep.py; echo seen > seen").ok();
    assert!(desk.about(&["diff"]).ok().contains("+seen"));
    desk.about(&["discard", "s"]).ok();
    let left = desk.outside("find ../.local/state/pinfold -name 'dddddd*' | head -1");
    assert_eq!(left.ok(), "");
    assert!(desk.pinfold(["doctor", "--clean"]).run().ok().contains("0 interrupted"));
}

#[test]
fn nobody_waits_for_a_pipe_in_the_place_of_what_git_reads() {
    let desk = Desk::new();
    let plant = "mkdir -p sub/.git/refs sub/.git/objects; echo ref: refs/heads/main > sub/.git/HEAD; mkfifo sub/.git/index sub/.git/config";
    desk.inside_with(&["--undo", "--quiet"], plant).ok();
    desk.about(&["undo", "--lose"]).ok();
    desk.inside_with(&["--session", "s"], plant).ok();
    desk.about(&["changes"]).ok();
    desk.about(&["apply", "--traps"]).ok();
    desk.about(&["undo"]).ok();
    assert!(!desk.workspace().join("sub").exists());
}

#[test]
fn who_has_merged_what_came_beside_keeps_it_when_that_is_taken_back() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "topic"], "set -e; echo 1 > one; git add one; git commit --quiet -m agent").ok();
    desk.outside("echo 2 > two; git add two; git commit --quiet -m mine").ok();
    desk.about(&["apply"]).ok();
    desk.outside("git add -A; git commit -qm taken; git merge -q -m merged refs/pinfold/topic/heads/main").ok();
    desk.about(&["undo"]).ok();
    let script = "git fsck --strict && git log --format=%s | sort && git show HEAD:one && git status -s";
    assert_eq!(desk.outside(script).ok(), "agent\nfirst\nmerged\nmine\ntaken\n1\n D one");
}

#[test]
fn what_was_reviewed_is_what_is_taken_over() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "s"], "echo 1 > one").ok();
    let summary: Value = serde_json::from_str(&desk.about(&["changes", "--json"]).ok()).expect("JSON");
    let digest = summary["digest"].as_str().expect("a digest").to_owned();
    desk.inside_with(&["--session", "s"], "echo 2 > one").ok();
    desk.about(&["apply", &format!("--reviewed={digest}")]).ends_with(125).says("not what was reviewed");
    assert_eq!(desk.outside("ls").ok(), "README");
}

#[test]
fn snapshots_forks_and_stages_are_independent() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "a"], "echo 1 > file").ok();
    desk.about(&["snapshot", "a", "first"]).ok();
    desk.inside_with(&["--session", "a"], "echo 2 > file; rm README").ok();
    desk.about(&["fork", "a", "b"]).ok();
    desk.about(&["restore", "a", "first"]).ok();
    assert_eq!(desk.inside_with(&["--session", "a"], "cat file; ls").ok(), "1\nREADME\nfile");
    assert_eq!(desk.inside_with(&["--session", "b"], "cat file; ls").ok(), "2\nfile");
    let listed = desk.about(&["stages"]).ok();
    assert!(listed.contains("snapshots: first") && listed.contains("forked from a"), "{listed}");
    desk.about(&["discard", "a"]).ok();
    assert_eq!(desk.inside_with(&["--session", "b"], "cat file").ok(), "2");
}

#[test]
fn what_was_put_back_is_removed_as_if_nobody_had_touched_it() {
    let desk = Desk::new();
    desk.outside("echo 1 > old && git add old && git commit -qm one").ok();
    desk.inside_with(&["--session", "a"], "mv old new; rm README").ok();
    desk.about(&["fork", "a", "b"]).ok();
    desk.about(&["apply", "a"]).ok();
    desk.about(&["undo"]).ok();
    let there_and_back = "git checkout -qb other && git rm -q old && git commit -qm two && git checkout -q - && ls";
    assert_eq!(desk.outside(there_and_back).ok(), "README\nold");
    desk.about(&["apply", "b"]).ok();
    assert_eq!(desk.outside("ls").ok(), "new");
}

#[test]
fn an_index_that_git_has_only_looked_through_is_in_nobodys_way() {
    let desk = Desk::new();
    desk.outside("echo kept > kept; git add kept; git commit -qm kept").ok();
    let work = "git mv README READ.md; echo more >> READ.md; git add READ.md; echo x > new; git add new";
    // Whoever touches files makes git write their times into its index.
    let look =
        r#"touch kept; before="$(stat -c %z .git/index)"; git status -s; test "$before" != "$(stat -c %z .git/index)""#;
    for (begin, takes_over) in [(["--session", "s"], true), (["--undo", "--quiet"], false)] {
        desk.inside_with(&begin, work).ok();
        if takes_over {
            desk.about(&["apply"]).ok();
        }
        assert_eq!(desk.outside(look).ok().lines().count(), 2);
        // The control: what its user has added himself would be lost.
        desk.outside("echo mine > mine; git add mine").ok();
        desk.about(&["undo", "--lose"]).says(".git/index").ends_with(125);
        desk.outside("git rm -q --cached mine; rm mine; git status -s").ok();
        desk.about(&["undo", "--lose"]).ok();
        assert_eq!(desk.outside("git status -s; ls").ok(), "README\nkept");
    }
}

#[test]
fn a_stage_is_called_by_the_beginning_of_its_name_where_nothing_else_is() {
    let desk = Desk::new();
    desk.staged("echo 1 > one").ok();
    let listed = desk.about(&["stages"]).ok();
    let (beginning, name) = (&listed[..4], &listed[..16]);
    assert_eq!(desk.about(&["changes", beginning]).ok(), "A one");
    desk.outside(&format!("echo x > {beginning}")).ok();
    desk.about(&["changes", beginning]).says("nothing has changed at").ends_with(125);
    assert_eq!(desk.about(&["changes", name]).ok(), "A one");
    desk.about(&["changes", &name[..3]]).says("nothing has changed at").ends_with(125);
}

#[test]
fn a_stage_is_written_to_by_one_run_at_a_time_and_others_have_their_own() {
    let desk = Desk::new();
    let first = desk.pinfold(["run", "--session", "s", "--", "sleep", "30"]).start();
    let held = || desk.about(&["stages"]).ok().contains("in use");
    assert!(eventually(held));
    desk.inside_with(&["--session", "s"], "true").ends_with(125).says("in use");
    desk.staged("echo x > x").ok();
    first.signal(rustix::process::Signal::KILL);
    first.wait();
    assert_eq!(desk.inside_with(&["--session", "s"], "ls").ok(), "README");
}

#[test]
fn what_a_killed_run_has_written_can_be_taken_over() {
    let desk = Desk::new();
    let run = desk.pinfold(["run", "--session", "s", "--", "sh", "-c", "echo 1 > one; echo done; sleep 30"]).start();
    let written = || desk.outside("find ../.local/state/pinfold -path '*/upper/one' | grep -q .").code() == 0;
    assert!(eventually(written));
    run.signal(rustix::process::Signal::KILL);
    run.wait();
    desk.about(&["apply"]).ok();
    assert_eq!(desk.read("home/project/one"), "1\n");
}

#[test]
fn a_policy_demands_a_stage_and_a_stage_that_nothing_was_written_to_goes() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "[files]\nstage = true\n");
    desk.inside("true").ok();
    assert_eq!(desk.about(&["stages"]).ok(), "");
    desk.inside("echo 1 > one").ok();
    assert_eq!(desk.outside("ls").ok(), "README");
    let why = desk.pinfold(["why", "write", "one"]).run().ok();
    assert!(why.contains("stage"), "{why}");
}

#[test]
fn a_linked_worktree_is_staged_with_its_repository() {
    let desk = Desk::new();
    desk.outside("git worktree add --quiet ../other -b other").ok();
    let before = desk.everything();
    let words = ["run", "--staged", "--workspace", "../other", "--", "sh", "-c"];
    let script = "cd ../other && echo 1 > one && git add one && git commit --quiet -m agent";
    desk.pinfold(words).arguments([script]).run().ok();
    assert_eq!(desk.everything(), before);
    desk.pinfold(["apply", "--workspace", "../other"]).run().ok();
    assert_eq!(
        desk.outside("git log --format=%s other; cat ../other/one; git -C ../other status --short").ok(),
        "agent\nfirst\n1"
    );
}

#[test]
fn hooks_of_a_repository_outside_are_taken_over_only_where_somebody_says_so() {
    let desk = Desk::new();
    desk.outside("git worktree add --quiet ../other -b other").ok();
    let words = ["run", "--staged", "--workspace", "../other", "--", "sh", "-c"];
    let script = "cd ../other && echo x > $(git rev-parse --git-common-dir)/hooks/pre-commit && echo 1 > one";
    desk.pinfold(words).arguments([script]).run().ok();
    desk.pinfold(["apply", "--workspace", "../other"]).run().says("hooks/pre-commit").ok();
    assert_eq!(desk.outside("ls .git/hooks/pre-commit; cat ../other/one").text().lines().last(), Some("1"));
    assert!(!desk.path("home/project/.git/hooks/pre-commit").exists());
}

#[test]
fn names_of_any_kind_and_files_of_every_kind_come_over() {
    let desk = Desk::new();
    let script = r"set -e; printf x > $'new\nline'; printf y > $'caf\xe9'; mkfifo pipe; truncate -s 3G sparse;
        printf end >> sparse; ln one two 2>/dev/null || { echo 1 > one; ln one two; }; mkdir closed; touch closed/x; chmod 000 closed";
    desk.staged(script).ok();
    desk.about(&["apply"]).ok();
    let here = r"cat $'new\nline' $'caf\xe9'; stat -c '%F %s' pipe sparse; [ one -ef two ] && echo same; stat -c %a closed;
        [ $(stat -c %b sparse) -lt 1000 ] && echo holes; chmod 700 closed";
    assert_eq!(desk.outside(here).ok(), "xyfifo 0\nregular file 3221225475\nsame\n0\nholes");
}

#[test]
fn a_stage_is_looked_at_while_a_run_goes_on_in_it() {
    let desk = Desk::new();
    desk.write("home/project/old", "1\n2\n3\n");
    desk.write("home/project/gone", "no longer needed\n");
    desk.outside("sleep 0.02; git add -A; git commit --quiet -m tree").ok();
    desk.inside_with(&["--session", "s"], "echo earlier > earlier").ok();
    let script = "sed -i 2s/2/two/ old; rm gone; mkdir d; touch ../seen; i=0; while test $SECONDS -lt 60; do
        i=$((i + 1)); echo $i > d/new; mv d/new d/$((i % 7)); rm -f d/$(((i + 3) % 7)); done";
    let run = desk.pinfold(["run", "--session", "s", "--", "/bin/bash", "-c", script]).start();
    let changes = || desk.pinfold(["changes", "s"]).run();
    assert!(eventually(|| changes().text().contains("d/")), "{}", changes());
    for _ in 0..20 {
        let told = changes().ok();
        assert!(["M old", "D gone", "A earlier"].iter().all(|line| told.contains(line)), "{told}");
    }
    let shown =
        desk.pinfold(["diff", "s", "old", "gone"]).run().says("is in use: this is what it has at the moment").ok();
    assert!(shown.contains("-2\n+two") && shown.contains("deleted file"), "{shown}");
    let summary = desk.pinfold(["changes", "s", "--json"]).run().ok();
    assert_eq!(serde_json::from_str::<Value>(&summary).expect("JSON")["in-use"], true);
    // Nothing is done with it, and nothing counts as seen.
    for act in
        [&["apply", "s"][..], &["discard", "s"], &["snapshot", "s", "x"], &["fork", "s", "t"], &["restore", "s", "x"]]
    {
        desk.pinfold(act).run().says("is in use").ends_with(125);
    }
    run.signal(Signal::KILL);
    run.wait();
    assert_eq!(desk.read("home/project/old"), "1\n2\n3\n");
    desk.pinfold(["apply", "s", "old", "gone", "earlier"]).run().ok();
    assert_eq!((desk.read("home/project/old"), desk.path("home/project/gone").exists()), ("1\ntwo\n3\n".into(), false));
}

//! Tools that write in ways of their own, in a stage: what is taken over is what a direct run leaves.

use std::time::Duration;

use crate::builds;
use crate::desk::{Desk, lacks};

/// How long a package manager or a build may take.
const LONG: Duration = Duration::from_secs(120);

/// Lists all but git's own: names, kinds, permissions, numbers of names, attributes and contents.
const LIST: &str = r#"/usr/bin/python3 - <<END
import hashlib, os, stat
for top, names, files in os.walk('.'):
    names[:] = sorted(name for name in names if name != '.git')
    for name in sorted(names + files):
        path = os.path.join(top, name)
        seen = os.lstat(path)
        of = {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}
        content = os.readlink(path) if stat.S_ISLNK(seen.st_mode) else ''
        if stat.S_ISREG(seen.st_mode):
            content = hashlib.sha256(open(path, 'rb').read()).hexdigest()
        print(path, oct(seen.st_mode), stat.S_ISDIR(seen.st_mode) or seen.st_nlink, of, content)
END"#;

impl Desk {
    /// Runs a script in a copy of the project, and in the project in a stage; takes that over, and compares from outside. Then
    /// it is taken back.
    fn is_the_same_staged(&self, script: &str) {
        let before = self.everything();
        self.outside("cp -a . ../direct").ok();
        let direct =
            |script: &str| self.call("/bin/bash").arguments(["-c", script]).directory("home/direct").run().ok();
        direct(script);
        self.staged(script).ok();
        assert_eq!(self.everything(), before, "{script}");
        self.about(&["apply"]).ok();
        assert_eq!(self.outside(LIST).ok(), direct(LIST), "{script}");
        self.about(&["undo"]).ok();
        assert_eq!(self.everything(), before, "{script}");
        self.about(&["discard"]).ok();
        std::fs::remove_dir_all(self.path("home/direct")).expect("the copy goes");
    }
}

/// A program in two versions, as the archives that a registry would send.
const PACKAGES: &str = r#"set -e; mkdir -p vendor ../dep; cd ../dep
for version in 1.0.0 2.0.0; do
    echo "{\"name\":\"left-hand\",\"version\":\"$version\",\"main\":\"index.js\",\"bin\":{\"left\":\"index.js\"}}" > package.json
    printf '#!/usr/bin/env node\nconsole.log("left %s");\n' $version > index.js
    rm -rf lib; mkdir lib; for i in {1..40}; do echo "exports.number = $i;" > lib/$version-$i.js; done
    npm pack --silent --pack-destination ../project/vendor > /dev/null
done"#;

#[test]
fn npm_replaces_what_it_had_installed() {
    if lacks("npm") {
        return;
    }
    let desk = Desk::new();
    let npm = "--offline --no-audit --no-fund --loglevel=error";
    desk.outside(PACKAGES).ok();
    desk.write("home/project/package.json", r#"{"name":"demo","version":"1.0.0"}"#);
    let both = format!(
        "set -e; npm install {npm} ./vendor/left-hand-2.0.0.tgz; cp package.json package-lock.json vendor
        npm install {npm} ./vendor/left-hand-1.0.0.tgz"
    );
    desk.call("/bin/bash").arguments(["-c", &both]).deadline(LONG).run().ok();
    let before = desk.everything();
    let script = format!("cp vendor/package*.json . && npm ci {npm} && npx left");
    let ended = desk.pinfold(["run", "--staged", "--", "bash", "-c", &script]).deadline(LONG).run();
    assert_eq!(ended.ok().lines().last(), Some("left 2.0.0"));
    assert_eq!(desk.everything(), before);
    desk.about(&["apply", "--traps"]).ok();
    let here = "npx left; npm ls --parseable | wc -l; ls node_modules/left-hand/lib | grep -vc ^2; readlink node_modules/.bin/left";
    assert_eq!(desk.outside(here).text(), "left 2.0.0\n2\n0\n../left-hand/index.js");
    desk.about(&["undo"]).ok();
    assert_eq!(desk.everything(), before);
}

#[test]
fn what_editors_save_is_what_they_save_directly() {
    if lacks("vim") || lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let files = r"set -e; mkdir d; for file in plain d/script d/marked; do printf '%s\n' one two three > $file; done
        chmod 755 d/script; chmod 640 plain; ln -s d/script link
        python3 -c 'import os; os.setxattr(\'d/marked\', \'user.mine\', b\'1\')' 2> /dev/null || true
        touch -d 2001-01-01 plain d/script d/marked";
    desk.outside(&files.replace(r"\'", "\"")).ok();
    let each = |save: &str| format!("set -e; for file in plain d/script d/marked link; do {save}; done");
    for settings in [
        "backup writebackup backupcopy=auto",
        "backup writebackup backupcopy=no",
        "backup writebackup backupcopy=yes",
        "nobackup writebackup backupcopy=no",
        "nobackup nowritebackup noswapfile",
        "nobackup writebackup backupcopy=auto,breaksymlink",
    ] {
        let vim = format!("vim -u NONE -es -c 'set {settings}' -c '2s/$/ more/' -c 'wq' $file < /dev/null");
        desk.is_the_same_staged(&each(&vim));
    }
    desk.is_the_same_staged(&each("sed -i '2s/$/ more/' $file"));
    desk.is_the_same_staged(&each("sed -i.old --follow-symlinks '2s/$/ more/' $file"));
    desk.is_the_same_staged(&each("perl -pi.bak -e s/two/zwei/ $file"));
    let replace = r#"/usr/bin/python3 -c 'import os, sys, tempfile; name = sys.argv[1]; text = open(name).read().replace("two", "two more")
with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(name) or ".", delete=False) as new: new.write(text)
os.replace(new.name, name)' $file"#;
    desk.is_the_same_staged(&each(replace));
    // As Emacs does it: the file becomes the backup, and another one the file.
    desk.is_the_same_staged(&each("mv $file $file~; sed '2s/$/ more/' $file~ > $file; chmod --reference=$file~ $file"));
    desk.is_the_same_staged(&each("cp -p $file $file~; sed '2s/$/ more/' $file~ > $file"));
}

/// Three commits on `main` and four on `topic`, of which one needs a hand.
const BRANCHES: &str = r"set -e; commit() { echo $1 >> $2; git add $2; git commit --quiet --message $1; }
    git checkout --quiet -b topic; for i in 1 2 3; do commit topic-$i file-$i; done; commit topic-4 shared
    git checkout --quiet main; for i in 1 2; do commit main-$i main-file; done; commit main-3 shared
    git checkout --quiet topic";

/// On top of `main`, two of four commits made one, and a conflict resolved.
const REBASE: &str = r"set -e; export GIT_EDITOR=true GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/fixup/'
    ! git rebase --quiet --interactive main 2> /dev/null; printf '%s\n' main-3 topic-4 > shared; git add shared
    git rebase --continue > /dev/null 2>&1";

const REBASED: &str = "topic-4\ntopic-3\ntopic-1\nmain-3\nmain-2\nmain-1\nfirst";

#[test]
fn a_rebase_moves_the_branch_that_nobody_else_has_moved() {
    let desk = Desk::new();
    desk.outside(BRANCHES).ok();
    let was = desk.outside("git rev-parse topic").ok();
    desk.staged(REBASE).ok();
    assert_eq!(desk.outside("git rev-parse topic; ls .git/rebase-merge 2> /dev/null").text(), was);
    desk.about(&["apply"]).ok();
    let here = "git log --format=%s; git status --short; git fsck --strict --no-dangling; git rev-parse topic@{1}";
    assert_eq!(desk.outside(here).ok(), format!("{REBASED}\n{was}"));
    assert_eq!(desk.outside("cat file-2 shared; git diff --stat HEAD; ls").ok().lines().last(), Some("shared"));
    desk.about(&["undo"]).ok();
    assert_eq!(desk.outside("git rev-parse topic; git status --short; git fsck --strict --no-dangling").ok(), was);
}

#[test]
fn a_rebase_of_a_branch_that_has_moved_on_comes_beside_it() {
    let desk = Desk::new();
    desk.outside(BRANCHES).ok();
    desk.inside_with(&["--session", "s"], REBASE).ok();
    desk.outside("echo mine > mine; git add mine; git commit --quiet --message mine").ok();
    let mine = desk.outside("git rev-parse topic").ok();
    desk.about(&["apply"]).says("refs/pinfold/s/heads/topic");
    let here = "git rev-parse topic; git log --format=%s refs/pinfold/s/heads/topic; git fsck --strict --no-dangling";
    assert_eq!(desk.outside(here).ok(), format!("{mine}\n{REBASED}"));
}

#[test]
fn a_rebase_that_stopped_in_the_middle_goes_on_in_the_next_run() {
    let desk = Desk::new();
    desk.outside(BRANCHES).ok();
    let stops = "GIT_SEQUENCE_EDITOR='sed -i 2s/^pick/edit/' git rebase --quiet --interactive HEAD~3 2> /dev/null";
    desk.inside_with(&["--session", "s"], stops).ok();
    desk.inside_with(
        &["--session", "s"],
        "set -e; git commit --quiet --amend -m edited; git rebase --continue > /dev/null 2>&1",
    )
    .ok();
    desk.about(&["apply"]).ok();
    let here =
        "git log --format=%s; git status --short; ls .git/rebase-merge 2> /dev/null || git fsck --strict --no-dangling";
    assert_eq!(desk.outside(here).ok(), "topic-4\nedited\ntopic-2\ntopic-1\nfirst");
}

#[test]
fn a_project_that_cargo_made_and_built_is_fresh_outside() {
    let Some(desk) = builds::rust_project() else { return };
    let cargo = |session: bool, words: &[&str]| {
        let path = builds::search_path(&desk);
        let call = if session { desk.pinfold(["run", "--session", "s", "--", "cargo"]) } else { desk.call("cargo") };
        call.arguments(words).variable("PATH", path).deadline(LONG).run()
    };
    cargo(true, &["new", "--quiet", "app", "--vcs", "none"]).ok();
    cargo(true, &["build", "--offline", "--manifest-path", "app/Cargo.toml"]).says("Compiling app").ok();
    assert!(!desk.path("home/project/app").exists());
    desk.about(&["apply"]).ok();
    let again = cargo(false, &["build", "--offline", "--manifest-path", "app/Cargo.toml"]);
    assert!(!again.stderr.contains("Compiling"), "{again}");
    assert_eq!(again.says("Finished").ok(), "");
    assert_eq!(desk.outside("app/target/debug/app").ok(), "Hello, world!");
}

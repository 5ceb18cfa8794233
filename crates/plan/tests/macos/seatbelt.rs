//! A model of Seatbelt: reads the text of a profile and decides by the last rule that fits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::Peekable;
use std::rc::Rc;
use std::str::Chars;

use regex::bytes::Regex;

/// What an operation is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A path, and whether a directory is or will be there.
    Path(&'a str, bool),
    /// A terminal that the run has opened itself.
    OwnTerminal(&'a str),
    /// The other end of a connection.
    Remote(&'a str),
    /// The own end of one.
    Local(&'a str),
    /// A name: of a service, a system variable or a semaphore.
    Name(&'a str),
    /// A process, and whether it is of the same sandbox.
    Process(bool),
}

/// An expression of the language.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Atom(String),
    Text(String),
    List(Vec<Expression>),
}

#[derive(Debug)]
enum Filter {
    Literal(String),
    Subpath(String),
    Regex(Rc<Regex>),
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Directory,
    PtyExtension,
    Name(String),
    Prefix(String),
    NameRegex(Rc<Regex>),
    SameSandbox,
    Remote(String),
    Local(String),
}

struct Rule {
    allows: bool,
    operations: Vec<String>,
    filters: Vec<Filter>,
}

/// By path and whether it is a directory, for each rule.
type Fitting = HashMap<(String, bool), Vec<Option<bool>>>;

/// A profile that was read.
pub(crate) struct Seatbelt {
    rules: Vec<Rule>,
    /// Which rules have a filter that fits a path, as far as it was asked for.
    fitting: RefCell<Fitting>,
}

impl Seatbelt {
    /// Reads a profile, and fails on everything that it does not know.
    pub(crate) fn read(text: &str) -> Self {
        let forms = forms(text);
        let expected = forms_of("(version 1) (deny default)");
        assert_eq!(forms[..2], expected[..]);
        Self { rules: forms[2..].iter().map(rule).collect(), fitting: RefCell::default() }
    }

    /// Does it let the operation happen?
    pub(crate) fn lets(&self, operation: &str, subject: Subject<'_>) -> bool {
        self.last(operation, |index| self.rules[index].fits(subject))
    }

    /// As [`Self::lets`], for a path.
    pub(crate) fn at(&self, operation: &str, path: &str, directory: bool) -> bool {
        let mut fitting = self.fitting.borrow_mut();
        let known = fitting.entry((path.to_owned(), directory)).or_insert_with(|| vec![None; self.rules.len()]);
        self.last(operation, |index| {
            *known[index].get_or_insert_with(|| self.rules[index].fits(Subject::Path(path, directory)))
        })
    }

    /// What the last rule for the operation says that fits.
    fn last(&self, operation: &str, mut fits: impl FnMut(usize) -> bool) -> bool {
        let mut rules = self.rules.iter().enumerate().rev();
        let rule = rules.find(|(index, rule)| rule.operations.iter().any(|name| name == operation) && fits(*index));
        rule.is_some_and(|(_, rule)| rule.allows)
    }

    /// The operations of all rules.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| rule.operations.iter().map(String::as_str))
    }
}

impl Rule {
    fn fits(&self, subject: Subject<'_>) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.fits(subject))
    }
}

impl Filter {
    fn fits(&self, subject: Subject<'_>) -> bool {
        let path = match subject {
            Subject::Path(path, _) | Subject::OwnTerminal(path) => Some(path),
            _ => None,
        };
        let on_path = |test: &dyn Fn(&str) -> bool| path.is_some_and(test);
        match self {
            Self::Literal(literal) => on_path(&|path| path == literal),
            Self::Subpath(above) => on_path(&|path| {
                path == above
                    || path.strip_prefix(above.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
            }),
            Self::Regex(regex) => on_path(&|path| regex.is_match(path.as_bytes())),
            Self::All(filters) => filters.iter().all(|filter| filter.fits(subject)),
            Self::Any(filters) => filters.iter().any(|filter| filter.fits(subject)),
            Self::Not(filter) => !filter.fits(subject),
            Self::Directory => matches!(subject, Subject::Path(_, true)),
            Self::PtyExtension => matches!(subject, Subject::OwnTerminal(_)),
            Self::Name(name) => matches!(subject, Subject::Name(it) if it == name),
            Self::Prefix(prefix) => matches!(subject, Subject::Name(it) if it.starts_with(prefix)),
            Self::NameRegex(regex) => matches!(subject, Subject::Name(it) if regex.is_match(it.as_bytes())),
            Self::SameSandbox => matches!(subject, Subject::Process(true)),
            Self::Remote(address) => matches!(subject, Subject::Remote(it) if it == address),
            Self::Local(address) => matches!(subject, Subject::Local(it) if it == address),
        }
    }
}

fn rule(form: &Expression) -> Rule {
    let Expression::List(parts) = form else { panic!("{form:?} is no rule") };
    let [Expression::Atom(action), rest @ ..] = &parts[..] else { panic!("{form:?} has no action") };
    let operations = rest.iter().map_while(|part| match part {
        Expression::Atom(operation) => Some(operation.clone()),
        _ => None,
    });
    let operations: Vec<String> = operations.collect();
    let filters = rest[operations.len()..].iter().map(filter).collect();
    assert!(!operations.is_empty() && ["allow", "deny"].contains(&&**action), "{form:?}");
    Rule { allows: action == "allow", operations, filters }
}

fn filter(form: &Expression) -> Filter {
    use Expression::{Atom, List, Text};
    let List(parts) = form else { panic!("{form:?} is no filter") };
    let [Atom(name), rest @ ..] = &parts[..] else { panic!("{form:?} has no name") };
    match (&**name, rest) {
        ("literal", [Text(path)]) => Filter::Literal(path.clone()),
        ("subpath", [Text(path)]) => Filter::Subpath(path.clone()),
        ("regex", [Text(regex)]) => Filter::Regex(compiled(regex)),
        ("require-all", filters) => Filter::All(filters.iter().map(filter).collect()),
        ("require-any", filters) => Filter::Any(filters.iter().map(filter).collect()),
        ("require-not", [inner]) => Filter::Not(Box::new(filter(inner))),
        ("vnode-type", [Atom(kind)]) if kind == "DIRECTORY" => Filter::Directory,
        ("extension", [Text(name)]) if name == "com.apple.sandbox.pty" => Filter::PtyExtension,
        ("global-name" | "sysctl-name", [Text(name)]) => Filter::Name(name.clone()),
        ("sysctl-name-prefix", [Text(name)]) => Filter::Prefix(name.clone()),
        ("ipc-posix-name-regex", [Text(regex)]) => Filter::NameRegex(compiled(regex)),
        ("target", [Atom(target)]) if target == "same-sandbox" => Filter::SameSandbox,
        ("remote", [Atom(kind), Text(address)]) if kind == "ip" => Filter::Remote(address.clone()),
        ("local", [Atom(kind), Text(address)]) if kind == "ip" => Filter::Local(address.clone()),
        _ => panic!("{form:?} is no filter that is known"),
    }
}

/// The same few expressions come again and again.
fn compiled(text: &str) -> Rc<Regex> {
    thread_local!(static KNOWN: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default());
    // Seatbelt has no flags and no short classes.
    assert!(!text.contains("(?") && text.starts_with('^') && text.ends_with('$'), "{text}");
    KNOWN.with_borrow_mut(|known| {
        let compile = || Rc::new(Regex::new(&format!("(?s-u:{text})")).unwrap_or_else(|error| panic!("{error}")));
        known.entry(text.to_owned()).or_insert_with(compile).clone()
    })
}

fn forms(text: &str) -> Vec<Expression> {
    let without_comments: Vec<&str> = text.lines().filter(|line| !line.starts_with(';')).collect();
    forms_of(&without_comments.join("\n"))
}

fn forms_of(text: &str) -> Vec<Expression> {
    let mut letters = text.chars().peekable();
    list(&mut letters)
}

/// Expressions up to a closing parenthesis or the end.
fn list(letters: &mut Peekable<Chars<'_>>) -> Vec<Expression> {
    let mut found = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => found.push(Expression::List(list(letters))),
            ')' => break,
            '"' => found.push(Expression::Text(string(letters))),
            _ if letter.is_whitespace() => {}
            _ => {
                let mut atom = letter.to_string();
                while let Some(next) = letters.next_if(|next| !next.is_whitespace() && !"()\"".contains(*next)) {
                    atom.push(next);
                }
                found.push(Expression::Atom(atom));
            }
        }
    }
    found
}

fn string(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    loop {
        match letters.next().expect("a string ends") {
            '"' => return text,
            '\\' => text.push(match letters.next().expect("a string ends") {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                letter @ ('"' | '\\') => letter,
                other => panic!("\\{other} is not known"),
            }),
            letter => text.push(letter),
        }
    }
}

//! Checks compared with the floor and with hand-written code.

use entitle::Directory;

use crate::clock::{Contender, interleaved};
use crate::handmade::{Calculator, Lists, Maps};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{note, row};
use crate::worlds::{Instance, Question, Resolved, World};

/// Long enough that a contender soon has its rows in the cache again after another one has evicted them.
const WINDOW: usize = 16_384;

/// The distance between questions about globals and hand-written code that are compared with the naive answer: 8 in
/// the largest world, because comparing all would take longer there than all that is timed.
fn compared(questions: usize) -> usize {
    if questions > 1 << 17 { 8 } else { 1 }
}

/// The number of questions about a world: a power of two, and more than branch predictors remember.
pub(crate) const fn questions_of(world: &World) -> u32 {
    if world.size.users > 100_000 { 1 << 20 } else { 1 << 17 }
}

/// The number of rounds: fewer in the largest world, where a round takes ten times as long.
fn rounds_of(asked: &[Resolved]) -> usize {
    if asked.len() > 1 << 17 { 30 } else { 100 }
}

fn throughput<'a>(asked: &'a [Resolved], question: impl Fn(&Resolved) -> u64 + 'a) -> Contender<'a> {
    Box::new(move |start| asked[start..][..WINDOW].iter().map(&question).sum())
}

/// The last answer decides whether the next question is one or two places further on.
fn chained<'a>(asked: &'a [Resolved], question: impl Fn(&Resolved) -> u64 + 'a) -> Contender<'a> {
    let last = asked.len() - 1;
    Box::new(move |start| {
        let mut place = start;
        for _ in 0..WINDOW {
            let answer = question(&asked[place & last]);
            place += 1 + usize::from(answer & 1 == 1);
        }
        place as u64
    })
}

pub(crate) fn against_the_floor(world: &World, directory: &Directory, asked: &[Resolved], limit: f64) {
    let name = world.size.name;
    let floor = |asked: &Resolved| directory.touch_rows(asked.user, asked.resource);
    let check = |asked: &Resolved| {
        u64::from(directory.check(asked.user, asked.resource, asked.permission).is_allowed())
    };
    let mut contenders =
        [chained(asked, floor), chained(asked, check), throughput(asked, floor), throughput(asked, check)];
    let times = interleaved(&mut contenders, asked.len(), WINDOW, rounds_of(asked));
    note(&format!(
        "{name}: chained floor {:.1} ns, check {:.1} ns; throughput floor {:.1} ns, check {:.1} ns",
        times[0], times[1], times[2], times[3]
    ));
    row(&format!("check/chained/{name}"), times[1] / times[0], "x", AtMost(limit));
}

pub(crate) fn against_peers(
    world: &World,
    directory: &Directory,
    asked: &[Resolved],
    questions: &[Question],
) {
    let name = world.size.name;
    let (maps, lists, calculator) = (Maps::new(world), Lists::new(world), Calculator::new(world));
    for question in questions.iter().step_by(compared(questions.len())) {
        let answer = world.answer(*question);
        let answers = [maps.check(*question), lists.check(*question), calculator.check(*question)];
        assert_eq!(answers, [answer; 3], "{question:?}");
    }
    let of = |peer: &dyn Fn(Question) -> bool, start: usize| {
        questions[start..][..WINDOW].iter().map(|question| u64::from(peer(*question))).sum()
    };
    let check = |asked: &Resolved| {
        u64::from(directory.check(asked.user, asked.resource, asked.permission).is_allowed())
    };
    let mut contenders: [Contender<'_>; 4] = [
        throughput(asked, check),
        Box::new(move |start| of(&|question| calculator.check(question), start)),
        Box::new(move |start| of(&|question| maps.check(question), start)),
        Box::new(move |start| of(&|question| lists.check(question), start)),
    ];
    let times = interleaved(&mut contenders, asked.len(), WINDOW, rounds_of(asked));
    let [check, calculator, maps, lists] = times[..] else { return };
    note(&format!(
        "{name}: check {check:.1} ns, calculator {calculator:.1} ns, maps {maps:.1} ns, lists {lists:.1} ns"
    ));
    let wanted = if name == "S" { 3.0 } else { 1.0 };
    row(&format!("check/throughput/{name}/calculator"), calculator / check, "x", AtLeast(wanted));
    row(&format!("check/throughput/{name}/maps"), maps / check, "x", AtLeast(1.0));
    row(&format!("check/throughput/{name}/lists"), lists / check, "x", AtLeast(1.0));
}

/// A global permission against a read of the principal's row.
pub(crate) fn global(world: &World, directory: &Directory, asked: &[Resolved], questions: &[Question]) {
    let instance = directory.singleton::<Instance>().unwrap();
    for (asked, question) in asked.iter().zip(questions).step_by(compared(questions.len())) {
        let allowed = directory.permissions(asked.user, instance);
        assert_eq!(allowed.bits(), world.allowed_globally(question.user), "{question:?}");
        let decision = directory.check(asked.user, instance, asked.permission);
        assert_eq!(decision.is_allowed(), allowed.contains(asked.permission), "{question:?}");
    }
    let floor = |asked: &Resolved| directory.touch_user_row(asked.user);
    let check =
        |asked: &Resolved| u64::from(directory.check(asked.user, instance, asked.permission).is_allowed());
    let mut contenders =
        [chained(asked, floor), chained(asked, check), throughput(asked, floor), throughput(asked, check)];
    let times = interleaved(&mut contenders, asked.len(), WINDOW, rounds_of(asked));
    let name = world.size.name;
    note(&format!(
        "{name}: one row, chained {:.1} ns, global check {:.1} ns; throughput {:.1} ns, {:.1} ns",
        times[0], times[1], times[2], times[3]
    ));
    row(&format!("global/chained/{name}"), times[1] / times[0], "x", AtMost(1.5));
    row(&format!("global/throughput/{name}"), times[3] / times[2], "x", AtMost(1.5));
}

//! What a backend writes by hand.

use super::Engine;
use crate::handmade::{Lists, Maps, Named};
use crate::worlds::{Question, World, resource_name, user_name};

/// Questions as they are, and a function that answers one.
struct ByNumber<F> {
    questions: Vec<Question>,
    check: F,
}

impl<F: Fn(Question) -> bool> Engine for ByNumber<F> {
    fn prepare(&mut self, questions: &[Question]) {
        self.questions = questions.to_vec();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        self.questions[place..][..count].iter().filter(|question| (self.check)(**question)).count()
    }
}

pub(super) fn make_maps(world: &World) -> Box<dyn Engine> {
    let maps = Maps::new(world);
    Box::new(ByNumber { questions: Vec::new(), check: move |question| maps.check(question) })
}

pub(super) fn make_lists(world: &World) -> Box<dyn Engine> {
    let lists = Lists::new(world);
    Box::new(ByNumber { questions: Vec::new(), check: move |question| lists.check(question) })
}

pub(super) struct Names {
    named: Named,
    questions: Vec<(String, String, u8)>,
}

impl Names {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        Box::new(Self { named: Named::new(world), questions: Vec::new() })
    }
}

impl Engine for Names {
    fn prepare(&mut self, questions: &[Question]) {
        let named = |question: &Question| {
            (user_name(question.user), resource_name(question.resource), question.permission)
        };
        self.questions = questions.iter().map(named).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let questions = self.questions[place..][..count].iter();
        questions.filter(|(user, resource, permission)| self.named.check(user, resource, *permission)).count()
    }
}

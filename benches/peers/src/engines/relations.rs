//! Engines that keep the relations themselves, as tuples or lines.
//!
//! Owners are relations too; the profile's ceiling is checked beforehand, as a host would have to do.

use std::num::NonZeroU32;

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};
use simple_zanzibar::ZanzibarEngine;
use simple_zanzibar::eval::EvaluationLimits;
use simple_zanzibar::model::{Object, Relation, User};
use simple_zanzibar::relationship::RelationshipMutation;

use super::{Engine, ceiling};
use crate::worlds::{Question, World};

/// `simple-zanzibar`: a relation for each permission, a tuple for each that a group was granted.
pub(super) struct Zanzibar {
    engine: ZanzibarEngine,
    ceilings: Vec<u64>,
    questions: Vec<(bool, Object, Relation, User)>,
}

impl Zanzibar {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let most = NonZeroU32::new(1 << 20).unwrap();
        let limits = EvaluationLimits {
            max_depth: NonZeroU32::new(50).unwrap(),
            max_fanout_per_step: most,
            max_lookup_results: most,
        };
        let engine = ZanzibarEngine::builder().evaluation_limits(limits).build();
        let relations: String = (0..12)
            .map(|bit| {
                format!("relation p{bit} {{ rewrite union(this, computed_userset(relation: \"owner\")) }}\n")
            })
            .collect();
        let schema = format!(
            "namespace group {{ relation member {{}} }}\nnamespace project {{ relation owner {{}}\n{relations} }}"
        );
        engine.add_dsl(&schema).unwrap();
        let members = (0..world.size.users).flat_map(|user| {
            let groups = world.groups_of.row(user).iter();
            groups.map(move |group| format!("group:{group}#member@user:{user}"))
        });
        let grants = (0..world.size.resources).flat_map(|resource| {
            let grants = world.grants_on.row(resource).iter().chain(&world.whole_kind);
            let tuples = grants.flat_map(move |grant| {
                (0..grant.length)
                    .map(move |bit| format!("project:{resource}#p{bit}@group:{}#member", grant.group))
            });
            tuples.chain([format!("project:{resource}#owner@user:{}", world.owner_of[resource as usize])])
        });
        let mut tuples: Vec<String> = members.chain(grants).collect();
        // A group may have one permission both here and on the whole kind, and a tuple is written once.
        tuples.sort_unstable();
        tuples.dedup();
        eprintln!("simple-zanzibar: {} tuples", tuples.len());
        let tuples: Vec<_> =
            tuples.into_iter().map(|tuple| RelationshipMutation::touch(tuple).unwrap()).collect();
        for tuples in tuples.chunks(1_000) {
            engine.write_relationships(tuples.iter().cloned()).unwrap();
        }
        let ceilings = (0..world.size.users).map(|user| ceiling(world, user)).collect();
        Box::new(Self { engine, ceilings, questions: Vec::new() })
    }
}

impl Engine for Zanzibar {
    fn prepare(&mut self, questions: &[Question]) {
        let question = |question: &Question| {
            (
                self.ceilings[question.user as usize] & (1 << question.permission) != 0,
                Object::new("project", question.resource.to_string()),
                Relation::new(format!("p{}", question.permission)),
                User::user_id(question.user.to_string()),
            )
        };
        self.questions = questions.iter().map(question).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let questions = self.questions[place..][..count].iter();
        questions
            .filter(|(within, object, relation, user)| {
                *within && self.engine.check_relation(object, relation, user).unwrap()
            })
            .count()
    }
}

/// `casbin`: a line for each permission that a group was granted, and one for each membership.
pub(super) struct Casbin {
    enforcer: Enforcer,
    ceilings: Vec<u64>,
    questions: Vec<(bool, String, String, String)>,
}

const MODEL: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (r.obj == p.obj || p.obj == \"*\") && g(r.sub, p.sub)
";

impl Casbin {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let line = |to: String, on: &str, bit: u8| vec![to, on.to_owned(), format!("p{bit}")];
        let mut policies = Vec::new();
        for resource in 0..world.size.resources {
            let on = format!("r{resource}");
            for grant in world.grants_on.row(resource) {
                policies.extend((0..grant.length).map(|bit| line(format!("g{}", grant.group), &on, bit)));
            }
            let owner = world.owner_of[resource as usize];
            policies.extend((0..12).map(|bit| line(format!("u{owner}"), &on, bit)));
        }
        for grant in &world.whole_kind {
            policies.extend((0..grant.length).map(|bit| line(format!("g{}", grant.group), "*", bit)));
        }
        // A permission that is granted twice on one resource would be refused as a duplicate.
        policies.sort_unstable();
        policies.dedup();
        let memberships = (0..world.size.users).flat_map(|user| {
            let groups = world.groups_of.row(user).iter();
            groups.map(move |group| vec![format!("u{user}"), format!("g{group}")])
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let enforcer = runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await.unwrap();
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.unwrap();
            eprintln!("casbin: {} policies", policies.len());
            enforcer.add_policies(policies).await.unwrap();
            enforcer.add_grouping_policies(memberships.collect()).await.unwrap();
            enforcer
        });
        let ceilings = (0..world.size.users).map(|user| ceiling(world, user)).collect();
        Box::new(Self { enforcer, ceilings, questions: Vec::new() })
    }
}

impl Engine for Casbin {
    fn prepare(&mut self, questions: &[Question]) {
        let question = |question: &Question| {
            (
                self.ceilings[question.user as usize] & (1 << question.permission) != 0,
                format!("u{}", question.user),
                format!("r{}", question.resource),
                format!("p{}", question.permission),
            )
        };
        self.questions = questions.iter().map(question).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let questions = self.questions[place..][..count].iter();
        questions
            .filter(|(within, user, on, permission)| {
                *within && self.enforcer.enforce((user, on, permission)).unwrap()
            })
            .count()
    }
}

//! Engines of policies that read the data that a host passes to them.

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema};
use gatehouse::{EvaluationSession, PermissionChecker, PolicyBuilder, PolicyDomain};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Engine, ceiling};
use crate::worlds::{Grant, Question, World, prefix};

struct Projects;

struct User {
    number: u32,
    groups: Vec<u32>,
    ceiling: u64,
}

struct Project {
    owner: u32,
    grants: Vec<Grant>,
}

impl PolicyDomain for Projects {
    type Grantee = User;
    type Action = u64;
    type Resource = Project;
    type Context = ();
}

/// Returns `true` if one of the grants gives the wanted permission to one of the groups.
fn given(grants: &[Grant], user: &User, wanted: u64) -> bool {
    grants.iter().any(|grant| prefix(grant.length) & wanted != 0 && user.groups.contains(&grant.group))
}

/// `gatehouse`: rules are closures over rows of the host.
pub(super) struct Gatehouse {
    checker: PermissionChecker<Projects>,
    users: Vec<User>,
    projects: Vec<Project>,
    questions: Vec<Question>,
    runtime: Runtime,
}

impl Gatehouse {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let whole_kind = world.whole_kind.clone();
        let beyond = PolicyBuilder::<Projects>::new("BeyondProfile")
            .when(|user, wanted, _, ()| user.ceiling & wanted == 0)
            .build_veto();
        let mut checker = PermissionChecker::<Projects>::new();
        checker.add_veto(beyond);
        checker.add_policy(
            PolicyBuilder::<Projects>::new("Owner")
                .when(|user, _, project, ()| user.number == project.owner)
                .build(),
        );
        checker.add_policy(
            PolicyBuilder::<Projects>::new("Granted")
                .when(|user, wanted, project, ()| given(&project.grants, user, *wanted))
                .build(),
        );
        checker.add_policy(
            PolicyBuilder::<Projects>::new("GrantedEverywhere")
                .when(move |user, wanted, _, ()| given(&whole_kind, user, *wanted))
                .build(),
        );
        let user = |number| User {
            number,
            groups: world.groups_of.row(number).to_vec(),
            ceiling: ceiling(world, number),
        };
        let project = |number: u32| Project {
            owner: world.owner_of[number as usize],
            grants: world.grants_on.row(number).to_vec(),
        };
        Box::new(Self {
            checker,
            users: (0..world.size.users).map(user).collect(),
            projects: (0..world.size.resources).map(project).collect(),
            questions: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        })
    }
}

impl Engine for Gatehouse {
    fn prepare(&mut self, questions: &[Question]) {
        self.questions = questions.to_vec();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        self.runtime.block_on(async {
            let mut allowed = 0;
            for question in &self.questions[place..][..count] {
                let session = EvaluationSession::empty();
                let user = &self.users[question.user as usize];
                let wanted = 1 << question.permission;
                let bound = self.checker.bind(&session, user, &wanted, &());
                let answer = bound.check(&self.projects[question.resource as usize]).await;
                allowed += usize::from(answer.is_granted());
            }
            allowed
        })
    }
}

/// `cedar-policy`: a policy for each permission, and one for owners; the resource has a set of groups for each.
pub(super) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

fn uid(kind: &str, number: impl std::fmt::Display) -> Value {
    json!({ "type": kind, "id": number.to_string() })
}

fn entity(kind: &str, number: impl std::fmt::Display) -> EntityUid {
    format!("{kind}::\"{number}\"").parse().unwrap()
}

impl Cedar {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let granted = (0..12).map(|bit| {
            format!(
                "permit(principal, action == Action::\"{bit}\", resource) when {{ \
                 principal.may.contains(action) && principal in resource.granted{bit} }};\n"
            )
        });
        let owner = "permit(principal, action, resource) when { \
                     principal.may.contains(action) && resource.owner == principal };"
            .to_owned();
        let policies: String = granted.chain([owner]).collect();
        let users = (0..world.size.users).map(|user| {
            let may = (0..12).filter(|bit| ceiling(world, user) & (1 << bit) != 0);
            let may: Vec<Value> = may.map(|bit| json!({ "__entity": uid("Action", bit) })).collect();
            let groups = world.groups_of.row(user).iter().map(|group| uid("Group", group));
            json!({ "uid": uid("User", user), "attrs": { "may": may }, "parents": groups.collect::<Vec<_>>() })
        });
        let resources = (0..world.size.resources).map(|resource| {
            let owner = world.owner_of[resource as usize];
            let mut attrs = serde_json::Map::new();
            attrs.insert("owner".to_owned(), json!({ "__entity": uid("User", owner) }));
            for bit in 0..12 {
                let grants = world.grants_on.row(resource).iter().chain(&world.whole_kind);
                let grants = grants.filter(|grant| grant.length > bit);
                let groups: Vec<Value> =
                    grants.map(|grant| json!({ "__entity": uid("Group", grant.group) })).collect();
                attrs.insert(format!("granted{bit}"), groups.into());
            }
            json!({ "uid": uid("Project", resource), "attrs": attrs, "parents": [] })
        });
        let groups = (0..world.size.groups)
            .map(|group| json!({ "uid": uid("Group", group), "attrs": {}, "parents": [] }));
        let entities = Value::Array(users.chain(resources).chain(groups).collect());
        Box::new(Self {
            authorizer: Authorizer::new(),
            policies: policies.parse().unwrap(),
            entities: Entities::from_json_value(entities, None::<&Schema>).unwrap(),
            requests: Vec::new(),
        })
    }
}

impl Engine for Cedar {
    fn prepare(&mut self, questions: &[Question]) {
        let request = |question: &Question| {
            let action = entity("Action", question.permission);
            let (user, project) = (entity("User", question.user), entity("Project", question.resource));
            Request::new(user, action, project, Context::empty(), None).unwrap()
        };
        self.requests = questions.iter().map(request).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let decide = |request: &&Request| {
            let answer = self.authorizer.is_authorized(request, &self.policies, &self.entities);
            answer.decision() == Decision::Allow
        };
        self.requests[place..][..count].iter().filter(decide).count()
    }
}

/// `regorus`: one rule over documents of users, resources and grants.
pub(super) struct Regorus {
    engine: regorus::Engine,
    inputs: Vec<regorus::Value>,
}

const RULES: &str = "package access
import rego.v1
default allow := false
user := data.users[input.user]
project := data.projects[input.project]
may if { project.owner == input.user }
may if { some group in user.groups; project.grants[group] > input.permission }
may if { some group in user.groups; data.everywhere[group] > input.permission }
allow if { user.ceiling > input.permission; may }
";

impl Regorus {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let lengths = |grants: &[Grant]| -> Value {
            grants
                .iter()
                .map(|grant| (grant.group.to_string(), json!(grant.length)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let users: serde_json::Map<_, _> = (0..world.size.users)
            .map(|user| {
                let groups = world.groups_of.row(user).iter().map(ToString::to_string);
                let ceiling = ceiling(world, user).count_ones();
                let user = user.to_string();
                (user, json!({ "groups": groups.collect::<Vec<_>>(), "ceiling": ceiling }))
            })
            .collect();
        let projects: serde_json::Map<_, _> = (0..world.size.resources)
            .map(|resource| {
                let owner = world.owner_of[resource as usize].to_string();
                let grants = lengths(world.grants_on.row(resource));
                (resource.to_string(), json!({ "owner": owner, "grants": grants }))
            })
            .collect();
        let data = json!({ "users": users, "projects": projects, "everywhere": lengths(&world.whole_kind) });
        let mut engine = regorus::Engine::new();
        engine.add_policy("access.rego".to_owned(), RULES.to_owned()).unwrap();
        engine.add_data_json(&data.to_string()).unwrap();
        Box::new(Self { engine, inputs: Vec::new() })
    }
}

impl Engine for Regorus {
    fn prepare(&mut self, questions: &[Question]) {
        let input = |question: &Question| {
            let user = question.user.to_string();
            let project = question.resource.to_string();
            let input = json!({ "user": user, "project": project, "permission": question.permission });
            regorus::Value::from_json_str(&input.to_string()).unwrap()
        };
        self.inputs = questions.iter().map(input).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let mut allowed = 0;
        for input in &self.inputs[place..][..count] {
            self.engine.set_input(input.clone());
            let answer = self.engine.eval_rule("data.access.allow".to_owned()).unwrap();
            allowed += usize::from(answer == regorus::Value::from(true));
        }
        allowed
    }
}

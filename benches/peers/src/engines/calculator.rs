//! The permission calculator of `twilight-util`: roles with base permissions, overwrites on a channel.
//!
//! Groups are roles, whole-kind grants are base permissions, and grants on a resource are overwrites; they are passed
//! in as slices. The profile's ceiling is applied to the result.

use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{GuildMarker, RoleMarker, UserMarker};
use twilight_util::permission_calculator::PermissionCalculator;

use super::{Engine, ceiling};
use crate::worlds::{Question, World};

/// Twelve permissions of a text channel that have no effect on others.
const BITS: [Permissions; 12] = [
    Permissions::CREATE_INVITE,
    Permissions::MANAGE_CHANNELS,
    Permissions::ADD_REACTIONS,
    Permissions::MANAGE_MESSAGES,
    Permissions::READ_MESSAGE_HISTORY,
    Permissions::MANAGE_ROLES,
    Permissions::MANAGE_WEBHOOKS,
    Permissions::USE_EXTERNAL_EMOJIS,
    Permissions::MANAGE_THREADS,
    Permissions::CREATE_PUBLIC_THREADS,
    Permissions::CREATE_PRIVATE_THREADS,
    Permissions::SEND_MESSAGES_IN_THREADS,
];

type Roles = Vec<(Id<RoleMarker>, Permissions)>;

pub(super) struct Twilight {
    roles: Vec<Roles>,
    overwrites: Vec<Vec<PermissionOverwrite>>,
    owners: Vec<u32>,
    ceilings: Vec<Permissions>,
    questions: Vec<Question>,
}

fn mask(bits: u64) -> Permissions {
    (0..12).filter(|bit| bits & (1 << bit) != 0).fold(Permissions::empty(), |all, bit| all | BITS[bit])
}

/// Ids begin at two: zero is none, and one is the guild with the role that all members have.
fn id<T>(number: u32) -> Id<T> {
    Id::new(u64::from(number) + 2)
}

impl Twilight {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        let base = |group: u32| {
            let grants = world.whole_kind.iter().filter(|grant| grant.group == group);
            grants.fold(Permissions::empty(), |all, grant| all | mask((1 << grant.length) - 1))
        };
        let roles = |user| world.groups_of.row(user).iter().map(|group| (id(*group), base(*group))).collect();
        let overwrites = |resource| {
            let grants = world.grants_on.row(resource).iter();
            grants
                .map(|grant| PermissionOverwrite {
                    allow: mask((1 << grant.length) - 1),
                    deny: Permissions::empty(),
                    id: id(grant.group),
                    kind: PermissionOverwriteType::Role,
                })
                .collect()
        };
        Box::new(Self {
            roles: (0..world.size.users).map(roles).collect(),
            overwrites: (0..world.size.resources).map(overwrites).collect(),
            owners: world.owner_of.clone(),
            ceilings: (0..world.size.users).map(|user| mask(ceiling(world, user))).collect(),
            questions: Vec::new(),
        })
    }

    fn check(&self, question: Question) -> bool {
        let user: Id<UserMarker> = id(question.user);
        let guild: Id<GuildMarker> = Id::new(1);
        let roles = &self.roles[question.user as usize];
        let owner = id(self.owners[question.resource as usize]);
        let calculator =
            PermissionCalculator::new(guild, user, Permissions::VIEW_CHANNEL, roles).owner_id(owner);
        let overwrites = &self.overwrites[question.resource as usize];
        let granted = calculator.in_channel(ChannelType::GuildText, overwrites);
        (granted & self.ceilings[question.user as usize]).contains(BITS[usize::from(question.permission)])
    }
}

impl Engine for Twilight {
    fn prepare(&mut self, questions: &[Question]) {
        self.questions = questions.to_vec();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        self.questions[place..][..count].iter().filter(|question| self.check(**question)).count()
    }
}

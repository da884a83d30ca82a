import { z } from 'zod';
import { id, idParams, text, timestamp } from '../../http/fields.ts';
import { defineOperation } from '../../http/operation.ts';
import { listQuery, pageOf } from '../../http/pagination.ts';
import { memberRoles } from '../../tenancy/roles-and-scopes.ts';

export const role = z.enum(memberRoles);

export const member = z
  .object({
    id,
    subject: z.string().meta({ description: 'The `sub` of the tokens that the member comes with.' }),
    email: z.string().nullable(),
    role,
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.number().int(),
  })
  .meta({ id: 'Member' });

export const newMember = z
  .strictObject({ subject: text(255), email: z.email().max(320).nullable().default(null), role })
  .meta({ id: 'NewMember' });

export const memberChanges = z.strictObject({ role }).meta({ id: 'MemberChanges' });

export const memberQuery = listQuery(['createdAt']).omit({ q: true });

export type NewMember = z.output<typeof newMember>;
export type MemberQuery = z.output<typeof memberQuery>;

/** Who may do what. */
const read = { tag: 'members', role: 'viewer', scope: 'read' } as const;
const manage = { tag: 'members', role: 'admin', scope: 'manage' } as const;

export const listMembers = defineOperation({
  ...read,
  id: 'listMembers',
  method: 'get',
  path: '/v1/members',
  summary: 'List members',
  query: memberQuery,
  response: { status: 200, description: 'A page of members.', schema: pageOf(member) },
});

export const createMember = defineOperation({
  ...manage,
  id: 'createMember',
  method: 'post',
  path: '/v1/members',
  summary: 'Add a member',
  body: newMember,
  response: { status: 201, description: 'The new member.', schema: member },
  conflict: 'The subject is a member already.',
  versioned: true,
});

export const getMember = defineOperation({
  ...read,
  id: 'getMember',
  method: 'get',
  path: '/v1/members/{id}',
  summary: 'Read a member',
  params: idParams,
  response: { status: 200, description: 'The member.', schema: member },
  versioned: true,
});

export const updateMember = defineOperation({
  ...manage,
  id: 'updateMember',
  method: 'patch',
  path: '/v1/members/{id}',
  summary: "Change a member's role",
  params: idParams,
  body: memberChanges,
  response: { status: 200, description: 'The changed member.', schema: member },
  conflict: 'The tenant would be left without an owner.',
  versioned: true,
});

export const deleteMember = defineOperation({
  ...manage,
  id: 'deleteMember',
  method: 'delete',
  path: '/v1/members/{id}',
  summary: 'Remove a member',
  params: idParams,
  response: { status: 204, description: 'The member is gone.' },
  conflict: 'The tenant would be left without an owner.',
  versioned: true,
});

export const membersOperations = [listMembers, createMember, getMember, updateMember, deleteMember];

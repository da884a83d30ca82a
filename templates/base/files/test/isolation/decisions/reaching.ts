import { roles } from '../../../src/tenancy/roles.ts';
import { strategyRoles } from '../../../src/tenancy/strategy-roles.ts';

/** The roles that statements of the application run as: what one of them reaches, the application does. */
export const applicationRoles: readonly string[] = [roles.runtime, ...Object.values<string>(strategyRoles)];

/** Whom to take a privilege from, so that the application has not got it. */
export const theApplication: string = [...applicationRoles, 'public'].join(', ');

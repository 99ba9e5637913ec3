export { LetheClient, LetheProblem, type ClientOptions } from './client.js';
export { FollowedReplica, type FollowOptions, type MayContext } from './followed-replica.js';
export type { Answer, Subject } from '#decisions';

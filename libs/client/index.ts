export { LetheClient, LetheProblem, type ClientOptions, type RemoteDecision } from './client.js';
export { FollowedReplica, type FollowOptions, type MayContext } from './followed-replica.js';
export type { Answer, Conditions, Subject } from '#decisions';

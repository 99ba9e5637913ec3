/** The connection string of the role this process runs as (a login role in lethe_app or lethe_system). */
export const DATABASE_URL = Symbol('DatabaseUrl');

/** The regions that a process serves: it calls no store of another one. */
export class Regions {
  /** `names`: all of them, when undefined. */
  constructor(private readonly names?: readonly string[]) {}

  serves(region: string): boolean {
    return this.names?.includes(region) ?? true;
  }

  /** Throws Elsewhere when some of these have to be left to others. */
  requireAll(regions: readonly string[]): void {
    if (!regions.every((region) => this.serves(region))) throw new Elsewhere();
  }
}

/** What was to be done, or some of it, is for a process that serves another region. */
export class Elsewhere extends Error {
  constructor() {
    super('this is for a worker of another region');
    this.name = 'Elsewhere';
  }
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsObject, IsString, Length } from 'class-validator';
import {
  algorithms,
  issuerKinds,
  staffRoles,
  type Algorithm,
  type IssuerKind,
  type IssuerView,
  type ProposedIssuer,
  type PublicKey,
  type PublicKeys,
  type StaffRole,
} from '#access';
import { Optional } from '../http/optional.dto.js';

class PublicKeyDto implements PublicKey {
  @ApiProperty({ enum: ['EC', 'OKP', 'RSA'] }) kty!: string;
  @ApiPropertyOptional({ maxLength: 256 }) kid?: string;
  @ApiPropertyOptional({ enum: algorithms }) alg?: Algorithm;
  @ApiPropertyOptional({ enum: ['P-256', 'P-384', 'P-521', 'Ed25519'] }) crv?: string;
  @ApiPropertyOptional() x?: string;
  @ApiPropertyOptional() y?: string;
  @ApiPropertyOptional({ description: '2,048 to 8,192 bits.' }) n?: string;
  @ApiPropertyOptional() e?: string;
}

class PublicKeysDto implements PublicKeys {
  @ApiProperty({ type: [PublicKeyDto], minItems: 1, maxItems: 20 }) keys!: readonly PublicKeyDto[];
}

const audience = { example: 'lethe', pattern: '^[!-~]{1,255}$', maxLength: 255 };
const issuerUrl = { example: 'https://id.acme.example', maxLength: 2_000 };
const identifierType = { example: 'account_id', pattern: '^[a-z][a-z0-9_]{0,62}$' };
const roleMap = {
  type: 'object' as const,
  additionalProperties: { type: 'string', enum: [...staffRoles] },
  example: { 'privacy-office': 'privacy_officer' },
};

export class TrustIssuerDto implements ProposedIssuer {
  @ApiProperty({
    enum: issuerKinds,
    description:
      "oidc: your staff's OpenID provider. host: your application, which signs for one of its people.",
  })
  @IsIn(issuerKinds)
  kind!: IssuerKind;

  @ApiProperty({ ...issuerUrl, description: 'What `iss` is, to the letter: an https URL.' })
  @IsString()
  @Length(1, 2_000)
  issuer!: string;

  @ApiProperty({ ...audience, description: 'What `aud` names.' })
  @IsString()
  @Length(1, 255)
  audience!: string;

  @ApiProperty({ enum: algorithms, isArray: true, minItems: 1, maxItems: algorithms.length })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(algorithms.length)
  @IsIn(algorithms, { each: true })
  algorithms!: Algorithm[];

  @ApiPropertyOptional({
    type: PublicKeysDto,
    description: 'Public keys (RFC 7517). A host needs them; those of an OpenID provider are discovered.',
  })
  @Optional()
  @IsObject()
  jwks?: object;

  @ApiPropertyOptional({
    example: 'groups',
    pattern: '^[!-~]{1,255}$',
    maxLength: 255,
    description: 'oidc: the claim that names groups, or a JSON Pointer to it, as /realm_access/roles.',
  })
  @Optional()
  @IsString()
  @Length(1, 255)
  roleClaim?: string;

  @ApiPropertyOptional({
    ...roleMap,
    description: 'oidc: the role each group leads to; of no other group any.',
  })
  @Optional()
  @IsObject()
  roleMap?: object;

  @ApiPropertyOptional({ ...identifierType, description: 'host: the type of the identifier in `sub`.' })
  @Optional()
  @IsString()
  @Length(1, 63)
  identifierType?: string;
}

export class IssuerDto implements IssuerView {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ enum: issuerKinds }) kind!: IssuerKind;
  @ApiProperty(issuerUrl) issuer!: string;
  @ApiProperty(audience) audience!: string;
  @ApiProperty({ enum: algorithms, isArray: true }) algorithms!: readonly Algorithm[];
  @ApiProperty({ type: PublicKeysDto, nullable: true, description: 'Null where they are discovered.' })
  jwks!: PublicKeys | null;
  @ApiProperty({ type: String, nullable: true }) roleClaim!: string | null;
  @ApiProperty({ ...roleMap, nullable: true }) roleMap!: Readonly<Record<string, StaffRole>> | null;
  @ApiProperty({ ...identifierType, type: String, nullable: true }) identifierType!: string | null;
  @ApiProperty({ format: 'date-time' }) createdAt!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) revokedAt!: Date | null;
}

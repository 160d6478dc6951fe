// OPEN: both directions, with optional parameters in every form a peer may choose. What is acceptable is negotiate.ts.
// RFC 4271 §4.2 and §6.2, RFC 5492 §4, RFC 9072.

import { Reader, type Writer } from '../net/bytes.js';
import { decodeCapabilities, encodeCapabilities } from './capability.js';
import { malformedOpen, unsupportedOptionalParameter, unsupportedVersion } from './errors.js';
import type { Capability, Open } from './message.js';

const version = 4;
const capabilitiesParameter = 2;
/** RFC 9072 §2: in the place of the first parameter's type, announces extended lengths. */
const extendedParameters = 255;

const outside = () => malformedOpen('a field of the OPEN reaches beyond its end');

export function encodeOpen({ asn, holdTimeSeconds, routerId, capabilities }: Open, to: Writer): void {
  to.u8(version).u16(asn).u16(holdTimeSeconds).u32(routerId);
  const value = encodeCapabilities(capabilities);
  if (value.length === 0) to.u8(0);
  else if (value.length + 2 <= 0xff)
    to.u8(value.length + 2)
      .u8(capabilitiesParameter)
      .counted(1, () => to.octets(value));
  else {
    // RFC 9072 §2: only where the lengths of RFC 4271 do not reach.
    to.u8(extendedParameters).u8(extendedParameters);
    to.counted(2, () => to.u8(capabilitiesParameter).counted(2, () => to.octets(value)));
  }
}

export function decodeOpen(body: Uint8Array): Open {
  const from = new Reader(body, outside);
  const theirVersion = from.u8();
  if (theirVersion !== version) throw unsupportedVersion(theirVersion);
  const [asn, holdTimeSeconds, routerId] = [from.u16(), from.u16(), from.u32()];
  return { kind: 'open', asn, holdTimeSeconds, routerId, capabilities: decodeParameters(from) };
}

function decodeParameters(from: Reader): Capability[] {
  const length = from.u8();
  const parameters = from.rest();
  if (length === 0 || parameters[0] !== extendedParameters) return decodeEach(parameters, length, 1);
  // RFC 9072 §2: extended, whatever the one-octet length says.
  const extended = new Reader(parameters, outside);
  extended.u8();
  return decodeEach(parameters.subarray(3), extended.u16(), 2);
}

/** `width`: octets of a parameter's length. */
function decodeEach(parameters: Uint8Array, length: number, width: 1 | 2): Capability[] {
  if (parameters.length !== length)
    throw malformedOpen(`${length} octets of optional parameters announced, ${parameters.length} found`);
  return new Reader(parameters, outside)
    .each((from) => {
      const type = from.u8();
      const value = from.within(width === 1 ? from.u8() : from.u16());
      if (type !== capabilitiesParameter) throw unsupportedOptionalParameter(type);
      return decodeCapabilities(value);
    })
    .flat();
}

/**
 * The CloudEvent that a request delivers in binary mode; undefined for any other request. Source: CloudEvents 1.0, HTTP protocol
 * binding.
 */
export function eventOfRequest(
  method: string,
  header: (name: string) => string | undefined,
  body: unknown,
): object | undefined {
  const [id, source, time] = [header('ce-id'), header('ce-source'), header('ce-time')];
  if (method !== 'POST' || id === undefined || source === undefined) return undefined;
  return { id, source, type: header('ce-type'), ...(time === undefined ? {} : { time }), data: body };
}

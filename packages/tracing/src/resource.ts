// Who sends all this: the name, version and environment of the service.

import { getStringFromEnv } from '@opentelemetry/core'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'

export interface ResourceOptions {
  /** @default OTEL_SERVICE_NAME, or `service.name` in OTEL_RESOURCE_ATTRIBUTES, or 'unknown_service:node' */
  readonly serviceName?: string
  /** @default OTEL_SERVICE_VERSION, or `service.version` in OTEL_RESOURCE_ATTRIBUTES, or '1.0.0' */
  readonly serviceVersion?: string
  /** @default `deployment.environment.name` in OTEL_RESOURCE_ATTRIBUTES, or NODE_ENV, or 'development' */
  readonly environment?: string
  /** Further attributes; they win over OTEL_RESOURCE_ATTRIBUTES. */
  readonly resourceAttributes?: Readonly<Record<string, string>>
}

const ATTR_ENVIRONMENT = 'deployment.environment.name'

/** What the code says wins over the environment. Of host and process only a random id is told. */
export function resourceOf(options: ResourceOptions): Resource {
  const version = options.serviceVersion ?? getStringFromEnv('OTEL_SERVICE_VERSION')
  return defaultResource()
    .merge(
      resourceFromAttributes({
        [ATTR_SERVICE_VERSION]: '1.0.0',
        [ATTR_ENVIRONMENT]: getStringFromEnv('NODE_ENV') ?? 'development',
      }),
    )
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }))
    .merge(
      resourceFromAttributes({
        ...options.resourceAttributes,
        ...(options.serviceName !== undefined && { [ATTR_SERVICE_NAME]: options.serviceName }),
        ...(version !== undefined && { [ATTR_SERVICE_VERSION]: version }),
        ...(options.environment !== undefined && { [ATTR_ENVIRONMENT]: options.environment }),
      }),
    )
}

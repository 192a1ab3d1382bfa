/** What no number counts, whatever was looked at. */
export const OUT_OF_SIGHT = [
  'disks, networks, BigQuery, tokens and other services that do not bill for machines',
  'AutoML training and tuning jobs of Vertex AI',
  'index endpoints, feature stores, reasoning engines, runs of notebooks by Colab Enterprise, pods of GKE Autopilot and Cloud Run, which Google runs outside of the project’s VMs',
  'fees on top of VMs, such as those of GKE and Cloud Workstations (those of Workbench, Colab Enterprise and Dataproc count in high alone, with half of the machine)',
  'machines other than those of jobs that began and ended between two looks, which are hours apart in regions of Vertex AI where nothing ran; a job counts once its region has had its turn',
  'what accrued before a ledger began',
] as const;

/** The same for people. */
export const NOT_COUNTED = `In no number: ${OUT_OF_SIGHT.join('; ')}.`;
